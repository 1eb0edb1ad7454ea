import type { Command } from 'commander'
import { writeFileSync } from 'node:fs'
import { diff } from 'node:util'
import type { Place } from '../config/tree.ts'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import type { Failure } from '../pipeline/failure.ts'
import { junitOf } from './junit.ts'
import { counted } from './table.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'

export interface TestOptions {
  readonly json?: true
  readonly junit?: string
}

/** A test, and what came of it. */
interface Result {
  readonly test: { readonly name: string; readonly at: Place }
  readonly failures: readonly Failure[]
  readonly tookMs: number
}
interface TestedFile {
  readonly file: string
  readonly results: readonly Result[]
}

/** Options of verbs that run tests. */
export function withTestOptions(command: Command): void {
  command.option('--json', 'what came of each test as JSON')
  command.option('--junit <file>', 'write what came of each test to a file, as JUnit does')
}

/** Runs files of tests, one test after another, and shows what came of each. Returns the exit code. Throws `ExitError`. */
export async function runTests<T, F extends { readonly file: string; readonly tests: readonly T[] }>(
  files: readonly F[],
  runTest: (test: T, of: F) => Promise<Result>,
  { json, junit }: TestOptions,
  { out }: Terminal
): Promise<number> {
  const tested: TestedFile[] = []
  for (const tests of files) {
    const results: Result[] = []
    for (const test of tests.tests) results.push(await runTest(test, tests))
    tested.push({ file: tests.file, results })
  }
  if (junit !== undefined) writeJunit(junit, tested)
  if (json) out.line(JSON.stringify(testReport(tested)))
  else for (const line of testLines(out, tested)) out.line(line)
  return isPassed(tested) ? exitCodes.ok : exitCodes.failed
}

function isPassed(files: readonly TestedFile[]): boolean {
  return files.every(({ results }) => results.every(({ failures }) => failures.length === 0))
}

function testLines(out: Stream, files: readonly TestedFile[]): string[] {
  const all = files.flatMap(({ results }) => results)
  const failed = all.filter(({ failures }) => failures.length > 0).length
  const sum = failed === 0 ? out.style('green', 'passed') : out.style('red', `${failed} of them failed`)
  return [
    ...files.flatMap(({ file, results }) => [printable(file), ...results.flatMap(one => resultLines(out, one))]),
    `${counted(all.length, 'test')}: ${sum}`
  ]
}

function resultLines(out: Stream, { test, failures }: Result): string[] {
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

/** The same for programs. */
function testReport(files: readonly TestedFile[]): object {
  return { ok: isPassed(files), files: files.map(shownFile) }
}

function shownFile({ file, results }: TestedFile): object {
  const tests = results.map(({ test, failures, tookMs }) => ({
    name: test.name,
    line: test.at.line,
    ok: failures.length === 0,
    took_ms: Math.round(tookMs),
    failures: failures.map(({ at, ...rest }) => ({ line: at.line, column: at.column, ...rest }))
  }))
  return { file, tests }
}

function writeJunit(path: string, files: readonly TestedFile[]): void {
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
