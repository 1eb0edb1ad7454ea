import { writeFileSync } from 'node:fs'
import { diff } from 'node:util'
import type { Command } from 'commander'
import { formatProblem, type Problem } from '../config/problems.ts'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import type { Failure, TestResult } from '../pipeline/backtest/rule-tests.ts'
import type { RuleTests } from '../rules/tests/rule-test.ts'
import { junitOf } from './junit.ts'
import { counted } from './table.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'
import { examples } from './verb.ts'

interface Options {
  readonly json?: true
  readonly junit?: string
}

interface FileResult {
  readonly file: string
  readonly results: readonly TestResult[]
}

/** Tests of rules, in the form of promtool. */
export function defineTest(command: Command, { out, err }: Terminal, finish: (exitCode: number) => void): void {
  command.option('--json', 'what came of each test as JSON')
  command.option('--junit <file>', 'write what came of each test to a file, as JUnit does')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector rules test rules/*.test.yaml': 'exit code 1: a test fails; 2: mistakes in files',
      'mcp-collector rules test rules.test.yaml --junit report.xml': 'for a CI server'
    })
  )
  command.action(async (files: string[], options: Options) => {
    const read = await readAll(files)
    if ('problems' in read) {
      if (options.json) out.line(JSON.stringify({ ok: false, problems: read.problems }))
      else for (const problem of read.problems) err.line(printable(formatProblem(problem)))
      return finish(exitCodes.badConfiguration)
    }
    const results = await runAll(read.files)
    if (options.junit !== undefined) writeJunit(options.junit, results)
    const isOk = results.every(file => file.results.every(({ failures }) => failures.length === 0))
    if (options.json) out.line(JSON.stringify({ ok: isOk, files: results.map(shownFile) }))
    else for (const line of lines(out, results)) out.line(line)
    finish(isOk ? exitCodes.ok : exitCodes.failed)
  })
}

async function readAll(
  files: readonly string[]
): Promise<{ readonly files: readonly RuleTests[] } | { readonly problems: readonly Problem[] }> {
  const { readTests } = await import('../rules/tests/read-tests.ts')
  const read = files.map(readTests)
  const problems = read.flatMap(one => ('problems' in one ? one.problems : []))
  return problems.length > 0 ? { problems } : { files: read.flatMap(one => ('tests' in one ? [one.tests] : [])) }
}

async function runAll(files: readonly RuleTests[]): Promise<FileResult[]> {
  const { runTest } = await import('../pipeline/backtest/rule-tests.ts')
  const results: FileResult[] = []
  for (const tests of files) {
    const own: TestResult[] = []
    for (const test of tests.tests) own.push(await runTest(test, tests))
    results.push({ file: tests.file, results: own })
  }
  return results
}

function lines(out: Stream, files: readonly FileResult[]): string[] {
  const all = files.flatMap(({ results }) => results)
  const failed = all.filter(({ failures }) => failures.length > 0).length
  const sum = failed === 0 ? out.style('green', 'passed') : out.style('red', `${failed} of them failed`)
  return [
    ...files.flatMap(({ file, results }) => [printable(file), ...results.flatMap(one => resultLines(out, one))]),
    `${counted(all.length, 'test')}: ${sum}`
  ]
}

function resultLines(out: Stream, { test, failures }: TestResult): string[] {
  const name = printable(test.name)
  if (failures.length === 0) return [`  ${out.style('green', 'ok')}    ${name}`]
  return [`  ${out.style('red', 'failed')} ${name}`, ...failures.flatMap(failure => failureLines(out, failure))]
}

function failureLines(out: Stream, failure: Failure): string[] {
  const { at, message } = failure
  const differing = diffLines(failure)
  return [
    `    ${printable(`${at.file}:${at.line}:${at.column}: ${message}`)}`,
    ...(differing.length > 0 ? [`      ${out.style('green', '- expected')}  ${out.style('red', '+ received')}`] : []),
    ...differing.map(([sign, line]) => {
      const text = `${sign} ${printable(line)}`
      return `      ${sign === ' ' ? out.style('dim', text) : out.style(sign === '-' ? 'green' : 'red', text)}`
    })
  ]
}

function diffLines({ expected, received }: Failure): (readonly [sign: '-' | '+' | ' ', line: string])[] {
  // it fails where both are empty
  const steps = expected.length + received.length === 0 ? [] : diff([...received], [...expected])
  return steps.map(([step, line]) => [step === 0 ? ' ' : step > 0 ? '+' : '-', line])
}

function shownFile({ file, results }: FileResult): object {
  const tests = results.map(({ test, failures, tookMs }) => ({
    name: test.name,
    line: test.at.line,
    ok: failures.length === 0,
    took_ms: Math.round(tookMs),
    failures: failures.map(({ at, ...rest }) => ({ line: at.line, column: at.column, ...rest }))
  }))
  return { file, tests }
}

function writeJunit(path: string, files: readonly FileResult[]): void {
  const suites = files.map(({ file, results }) => ({
    name: file,
    cases: results.map(({ test, failures, tookMs }) => ({
      name: test.name,
      seconds: tookMs / 1000,
      failures: failures.map(failure => ({
        message: failure.message,
        text: diffLines(failure)
          .map(([sign, line]) => `${sign} ${line}`)
          .join('\n')
      }))
    }))
  }))
  try {
    writeFileSync(path, junitOf(suites))
  } catch (error) {
    throw new ExitError(`Cannot write "${path}": ${messageOf(error)}`, exitCodes.failed, error)
  }
}
