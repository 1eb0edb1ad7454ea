import { resourceNameOf } from '../../logql/names.ts'
import type { Labels } from '../../logql/evaluate/sample.ts'
import { wholeOf } from '../../inputs/file/whole.ts'
import type { Look } from '../../rules/evaluate/backtest.ts'
import type { RuleRun } from '../../rules/evaluate/rule-run.ts'
import { general } from '../../rules/numbers.ts'
import type { RecordRule, RuleGroup } from '../../rules/rule.ts'
import type { AlertExpectation, ExprExpectation, RuleTest, RuleTests, TestLog } from '../../rules/tests/rule-test.ts'
import { writeDuration } from '../../config/units.ts'
import type { Failure } from '../failure.ts'
import { backtest, type BacktestReport, type OldLog } from './backtest.ts'

const dayMs = 86_400_000

export interface TestResult {
  readonly test: RuleTest
  readonly failures: readonly Failure[]
  readonly tookMs: number
}

/** Runs a test: its logs go the way of all old logs (backtest.ts). */
export async function runTest(test: RuleTest, { groups, intervalMs }: RuleTests): Promise<TestResult> {
  const began = performance.now()
  const failures: Failure[] = []
  const { startMs } = test
  const toMs = startMs + Math.max(...[...test.alerts, ...test.exprs].map(({ evalMs }) => evalMs), 0)
  const group = exprGroup(test, intervalMs)
  const looks = [
    ...test.alerts.map(expectation => alertLook(expectation, startMs, failures)),
    ...test.exprs.map((expectation, index) => {
      return exprLook(expectation, { startMs, failures, rule: group.rules[index] as RecordRule })
    })
  ]
  const logs = test.logs.map((log, index) => oldLog(log, `input_logs/${index}`, toMs + dayMs))
  const report = await backtest({ groups: [...groups, group], logs, fromMs: startMs, toMs, looks })
  const inOrder = failures.toSorted((a, b) => a.at.line - b.at.line)
  return { test, failures: [...misfits(test, report), ...inOrder], tookMs: performance.now() - began }
}

/** Expressions are rules that record. */
function exprGroup({ at, exprs }: RuleTest, intervalMs: number): RuleGroup {
  const rules = exprs.map(({ expr, at }, index): RecordRule => {
    return { kind: 'record', name: `expr:${index}`, at, expr, rememberMs: 0, labels: new Map() }
  })
  return { name: 'expressions of the test', at, intervalMs, rows: 'all', rules }
}

function oldLog({ service, labels, text }: TestLog, path: string, writtenMs: number): OldLog {
  const fields = Object.fromEntries([...labels].map(([label, value]) => [resourceNameOf(label), value]))
  return { whole: wholeOf(path, Buffer.from(text), writtenMs), service, fields }
}

function alertLook(expectation: AlertExpectation, startMs: number, failures: Failure[]): Look {
  const { at, evalMs, alertname, alerts } = expectation
  const look = (rules: readonly RuleRun[]): void => {
    const own = rules.filter(({ rule }) => rule.name === alertname && rule.kind === 'alert')
    const firing = own.flatMap(run => (run.alerts?.active ?? []).filter(({ state }) => state === 'firing'))
    const received = firing.map(({ labels: { alertname: _name, ...labels }, annotations }) => {
      const named = alerts.find(one => labelsText(one.labels) === labelsText(labels))?.annotations ?? {}
      const asked = Object.entries(annotations).filter(([name]) => Object.hasOwn(named, name))
      return { labels, annotations: Object.fromEntries(asked) }
    })
    const message = `alert ${alertname} at ${writeDuration(evalMs)}`
    compare({ at, message, expected: linesOf(alerts), received: [...linesOf(received), ...faultsOf(own)] }, failures)
  }
  return { at: startMs + evalMs, look }
}

interface ExprLook {
  readonly startMs: number
  readonly failures: Failure[]
  readonly rule: RecordRule
}

function exprLook({ at, evalMs, expr, samples }: ExprExpectation, { startMs, failures, rule }: ExprLook): Look {
  const look = (rules: readonly RuleRun[]): void => {
    const own = rules.filter(run => run.rule === rule)
    const received = own.flatMap(({ recorded }) => recorded)
    const message = `${expr.text} at ${writeDuration(evalMs)}`
    compare(
      { at, message, expected: sampleLines(samples), received: [...sampleLines(received), ...faultsOf(own)] },
      failures
    )
  }
  return { at: startMs + evalMs, look }
}

function compare(failure: Failure, failures: Failure[]): void {
  if (failure.expected.join('\n') !== failure.received.join('\n')) failures.push(failure)
}

function sampleLines(samples: ExprExpectation['samples']): string[] {
  return samples.map(({ labels, value }) => `${labelsText(labels)} ${general(value)}`).toSorted()
}

/** Each alert as a line of its labels, and one for each annotation. */
function linesOf(alerts: AlertExpectation['alerts']): string[] {
  return alerts
    .map(({ labels, annotations }) => [
      labelsText(labels),
      ...Object.entries(annotations)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, text]) => `  ${name}: ${text}`)
    ])
    .toSorted(([a], [b]) => (a! < b! ? -1 : 1))
    .flat()
}

function faultsOf(rules: readonly RuleRun[]): string[] {
  return rules.flatMap(({ fault }) => (fault === '' ? [] : [`Cannot be evaluated: ${fault}`]))
}

function labelsText(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`
}

/** Rows that do not say when they were would count at another time than the test means. */
function misfits({ at }: RuleTest, { timeless, ahead }: BacktestReport): Failure[] {
  const failures: Failure[] = []
  const add = (message: string): void => void failures.push({ at, message, expected: [], received: [] })
  if (timeless > 0) add(`${timeless} of the rows of input_logs have no time of their own`)
  if (ahead > 0) add(`${ahead} of the rows of input_logs are younger than the last eval_time by more than a day`)
  return failures
}
