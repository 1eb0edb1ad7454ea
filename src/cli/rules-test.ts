import type { Command } from 'commander'
import type { Problem } from '../config/problems.ts'
import type { RuleTests } from '../rules/tests/rule-test.ts'
import { refuse } from './problems.ts'
import type { Terminal } from './terminal.ts'
import { runTests, type TestOptions, withTestOptions } from './test-report.ts'
import { examples } from './verb.ts'

/** Tests of rules, in the form of promtool. */
export function defineTest(command: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  withTestOptions(command)
  command.addHelpText(
    'after',
    examples({
      'mcp-collector rules test rules/*.test.yaml': 'exit code 1: a test fails; 2: mistakes in files',
      'mcp-collector rules test rules.test.yaml --junit report.xml': 'for a CI server'
    })
  )
  command.action(async (files: string[], options: TestOptions) => {
    const read = await readAll(files)
    if ('problems' in read) return finish(refuse(read.problems, terminal, options.json))
    const { runTest } = await import('../pipeline/backtest/rule-tests.ts')
    finish(await runTests(read.files, runTest, options, terminal))
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
