/**
 * `npm run torture -- [--short] [--kills N] [--hours N] [--only T01,T30] [--seed N] [--jobs N]`: runs the scenarios against real collector
 * processes and prints what became of every line. Without `--short` it takes hours. The short ones wait more than they work: two
 * run at once. With `--mutations` it tests the tests.
 */
import { parseArgs } from 'node:util'
import { findMutations } from './mutations.ts'
import { scenarios } from './scenarios.ts'
import { atOnce, type Scale, type Scenario } from './trial.ts'
import { isClean, type Verdict } from './verdict.ts'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    kills: { type: 'string' },
    hours: { type: 'string' },
    only: { type: 'string' },
    jobs: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) }
  }
})
const only = values.only?.split(',')
const scale: Scale = {
  size: values.short ? 'short' : 'long',
  seed: Number(values.seed),
  ...(values.kills !== undefined && { kills: Number(values.kills) }),
  ...(values.hours !== undefined && { hours: Number(values.hours) })
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
  const chosen = scenarios.filter(({ id }) => only === undefined || only.includes(id))
  const results = await atOnce(Number(values.jobs ?? (values.short ? 2 : 1)), chosen, report)
  const passed = results.filter(Boolean).length
  console.log(`${passed} passed, ${chosen.length - passed} failed`)
  return passed === chosen.length && chosen.length > 0
}

const isWell = await (values.mutations ? findMutations(scale.seed) : reportAll())
process.exitCode = isWell ? 0 : 1
