import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Problem, Problems } from '../config/problems.ts'
import { reasonOf } from '../config/substitute.ts'
import { readText } from '../config/text.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { PipelineTests } from '../pipeline/tests/pipeline-test.ts'
import { refuse } from './problems.ts'
import type { Terminal } from './terminal.ts'
import { runTests, type TestOptions, withTestOptions } from './test-report.ts'
import { examples, usage, type Verb } from './verb.ts'

/** Tests of pipelines: lines, and the rows, fates and routes that they are to get. */
export const test: Verb = {
  define(command, terminal, finish) {
    command.argument('[file...]', 'files of tests, or folders with *.test.yaml in them; left out: this folder')
    withTestOptions(command)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector test': 'every *.test.yaml from here on; exit code 1: a test fails; 2: mistakes in files',
        'mcp-collector test my.test.yaml': 'lines for my.yaml beside it, unless "config" names others',
        'mcp-collector test pipelines --junit report.xml': 'for a CI server'
      })
    )
    command.action(async (files: string[], options: TestOptions) => finish(await run(files, options, terminal)))
  }
}

async function run(named: readonly string[], options: TestOptions, terminal: Terminal): Promise<number> {
  const { readTests } = await import('../pipeline/tests/read-tests.ts')
  const tests: PipelineTests[] = []
  const problems: Problem[] = []
  for (const file of filesOf(named.length === 0 ? ['.'] : named)) {
    const read = await readTests(file, terminal.env)
    if ('tests' in read) tests.push(read.tests)
    else problems.push(...read.problems)
  }
  if (problems.length > 0) return refuse(problems, terminal, options.json)
  const { runTest } = await import('../pipeline/tests/run-test.ts')
  return runTests(tests, runTest, options, terminal)
}

/** Folders stand for the tests below them. */
function filesOf(named: readonly string[]): string[] {
  const files = named.flatMap(path => {
    try {
      return statSync(path).isDirectory() ? testsBelow(path) : [path]
    } catch (error) {
      throw new ExitError(`Cannot read "${path}": ${reasonOf(error)}`, exitCodes.failed, error)
    }
  })
  if (files.length > 0) return files
  throw usage(
    `No tests of pipelines below ${named.map(path => `"${path}"`).join(', ')}: their names end with ".test.yaml"`
  )
}

/** Tests of rules have the same names, and a verb of their own. */
function testsBelow(folder: string): string[] {
  const found = globSync('**/*.test.{yaml,yml}', {
    cwd: folder,
    exclude: path => /(^|\/)(\.|node_modules$)/.test(path)
  })
  return found
    .map(path => join(folder, path))
    .filter(path => !isOfRules(path))
    .toSorted()
}

/** What can not be read is told with all other mistakes. */
function isOfRules(path: string): boolean {
  return /^rule_files:/m.test(readText(path, new Problems([])) ?? '')
}
