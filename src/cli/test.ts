import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf } from '../config/substitute.ts'
import type { Problem } from '../config/problems.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { PipelineTests } from '../pipeline/tests/pipeline-test.ts'
import type { TestResult } from '../pipeline/tests/run-test.ts'
import { refuse } from './problems.ts'
import type { Terminal } from './terminal.ts'
import { isPassed, type TestedFile, testLines, testReport, writeJunit } from './test-report.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly json?: true
  readonly junit?: string
}

/** Tests of pipelines: lines, and the rows, fates and routes that they are to get. */
export const test: Verb = {
  define(command, terminal, finish) {
    command.argument('[file...]', 'files of tests, or folders with *.test.yaml in them; left out: this folder')
    command.option('--json', 'what came of each test as JSON')
    command.option('--junit <file>', 'write what came of each test to a file, as JUnit does')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector test': 'every *.test.yaml from here on; exit code 1: a test fails; 2: mistakes in files',
        'mcp-collector test my.test.yaml': 'lines for my.yaml beside it, unless "config" names others',
        'mcp-collector test pipelines --junit report.xml': 'for a CI server'
      })
    )
    command.action(async (files: string[], options: Options) => finish(await run(files, options, terminal)))
  }
}

async function run(named: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const { out, env } = terminal
  const { readTests } = await import('../pipeline/tests/read-tests.ts')
  const read: { readonly tests: readonly PipelineTests[]; readonly problems: readonly Problem[] }[] = []
  for (const file of filesOf(named.length === 0 ? ['.'] : named)) {
    const one = await readTests(file, env)
    read.push('tests' in one ? { tests: [one.tests], problems: [] } : { tests: [], problems: one.problems })
  }
  const problems = read.flatMap(one => one.problems)
  if (problems.length > 0) return refuse(problems, terminal, options.json)
  const results = await runAll(read.flatMap(({ tests }) => tests))
  if (options.junit !== undefined) writeJunit(options.junit, results)
  if (options.json) out.line(JSON.stringify(testReport(results)))
  else for (const line of testLines(out, results)) out.line(line)
  return isPassed(results) ? exitCodes.ok : exitCodes.failed
}

async function runAll(files: readonly PipelineTests[]): Promise<TestedFile[]> {
  const { runTest } = await import('../pipeline/tests/run-test.ts')
  const results: TestedFile[] = []
  for (const tests of files) {
    const own: TestResult[] = []
    for (const one of tests.tests) own.push(await runTest(one, tests))
    results.push({ file: tests.file, results: own })
  }
  return results
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
    .filter(path => !/^rule_files:/m.test(readFileSync(path, 'utf8')))
    .toSorted()
}
