/** Runs scenarios against real collector processes and prints what became of every line, or tests the tests. */
import { Command } from 'commander'
import { examples } from '../../src/cli/verb.ts'
import { someOf, whole } from '../options.ts'
import { findMutations } from './mutations.ts'
import { scenarios } from './scenarios.ts'
import { atOnce, type Scale, type Scenario } from './trial.ts'
import { isClean, type Verdict } from './verdict.ts'

interface Options {
  readonly short?: true
  readonly only?: readonly string[]
  readonly kills?: number
  readonly hours?: number
  readonly seed?: number
  readonly jobs?: number
  readonly mutations?: true
}

const options = new Command('npm run torture --')
  .description('Runs scenarios against real collector processes and prints what became of every line.')
  .option('--short', 'minutes in place of hours')
  .option('--only <ids>', 'these scenarios alone, with commas between them', someOf(scenarios.map(({ id }) => id)))
  .option('--kills <number>', 'how often scenarios that kill do so', whole(1))
  .option('--hours <number>', 'how long the soak takes', whole(1))
  .option('--seed <number>', 'repeats the random choices of a run', whole(0))
  .option('--jobs <number>', 'scenarios at once: 2 with --short, which waits more than it works, else 1', whole(1))
  .option('--mutations', 'tests the tests: puts bugs in, and runs the tests that have to find them')
  .addHelpText(
    'after',
    examples({
      'npm run torture -- --short': 'all scenarios, as before a change is merged',
      'npm run torture -- --only T01 --kills 500': 'one of them, for long',
      'npm run torture -- --only T47 --hours 8': 'everyday life over night',
      'npm run torture -- --mutations': 'whether the tests find bugs'
    })
  )
  .parse()
  .opts<Options>()
const scale: Scale = {
  size: options.short ? 'short' : 'long',
  seed: options.seed ?? Date.now() % 1_000_000,
  ...(options.kills !== undefined && { kills: options.kills }),
  ...(options.hours !== undefined && { hours: options.hours })
}

const columns = ['faults', 'rows', 'lost', 'twice', 'ghost', 'corrupt'] as const
const line = (cells: readonly (string | number)[]): string => {
  const [name, ...rest] = cells
  return String(name).padEnd(44) + rest.map(cell => String(cell).padStart(9)).join('')
}

/** Runs one scenario, prints its row with what belongs to it, and returns whether all promises were kept. */
async function report(scenario: Scenario): Promise<boolean> {
  const began = performance.now()
  const name = `${scenario.id} ${scenario.name}`
  const verdict: Verdict | Error = await scenario.run(scale).catch((error: unknown) => error as Error)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  if (verdict instanceof Error) {
    console.log(`${line([name, ...columns.map(() => '-'), 'failed', seconds])}\n  ✗ ${verdict.message}`)
    return false
  }
  const { ledger, broken, notes } = verdict
  const lines = [line([name, ...columns.map(column => verdict[column]), ledger === '' ? 'ok' : 'wrong', seconds])]
  if (ledger !== '') lines.push(`  ✗ ledger: ${ledger}`)
  console.log([...lines, ...broken.map(one => `  ✗ ${one}`), ...notes.map(note => `    ${note}`)].join('\n'))
  return isClean(verdict)
}

/** Runs what was chosen, and returns whether all of it passed. */
async function reportAll(): Promise<boolean> {
  console.log(`seed ${scale.seed}, ${scale.size}`)
  console.log(line(['scenario', ...columns, 'ledger', 'seconds']))
  const chosen = scenarios.filter(({ id }) => options.only?.includes(id) ?? true)
  const results = await atOnce(options.jobs ?? (options.short ? 2 : 1), chosen, report)
  const passed = results.filter(Boolean).length
  console.log(`${passed} passed, ${chosen.length - passed} failed`)
  return passed === chosen.length
}

const isWell = await (options.mutations ? findMutations(scale.seed) : reportAll())
process.exitCode = isWell ? 0 : 1
