import type { Command } from 'commander'
import type { Problem } from '../config/problems.ts'
import { exitCodes } from '../core/errors.ts'
import type { TestResult } from '../pipeline/backtest/rule-tests.ts'
import type { RuleTests } from '../rules/tests/rule-test.ts'
import { refuse } from './problems.ts'
import type { Terminal } from './terminal.ts'
import { isPassed, type TestedFile, testLines, testReport, writeJunit } from './test-report.ts'
import { examples } from './verb.ts'

interface Options {
  readonly json?: true
  readonly junit?: string
}

/** Tests of rules, in the form of promtool. */
export function defineTest(command: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const { out } = terminal
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
    if ('problems' in read) return finish(refuse(read.problems, terminal, options.json))
    const results = await runAll(read.files)
    if (options.junit !== undefined) writeJunit(options.junit, results)
    if (options.json) out.line(JSON.stringify(testReport(results)))
    else for (const line of testLines(out, results)) out.line(line)
    finish(isPassed(results) ? exitCodes.ok : exitCodes.failed)
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

async function runAll(files: readonly RuleTests[]): Promise<TestedFile[]> {
  const { runTest } = await import('../pipeline/backtest/rule-tests.ts')
  const results: TestedFile[] = []
  for (const tests of files) {
    const own: TestResult[] = []
    for (const test of tests.tests) own.push(await runTest(test, tests))
    results.push({ file: tests.file, results: own })
  }
  return results
}
