import type { Ledger } from '../core/outcome.ts'
import type { StoredState } from '../core/record.ts'
import { pathMatcher } from '../inputs/file/glob.ts'
import type { LedgerRow } from './collector.ts'
import type { Plan } from './plan.ts'

/** What the state directory knows of accounts. */
export interface StoredAccounts {
  load(): StoredState
  ended(): ReadonlyMap<string, Ledger>
}

type Belongs = (account: Omit<LedgerRow, 'configured'>) => boolean

/** Whether an account is of what a plan reads and sends: other configurations may have used the same state directory, and the same
 * names. Of files that are gone only the output is known. */
export function belongsTo({ inputs, pipelines }: Plan): Belongs {
  const outputs = new Set(pipelines.flatMap(({ name, outputs }) => outputs.map(output => `${name}/${output}`)))
  const routes = new Set(
    pipelines.flatMap(({ name, inputs, outputs }) => {
      return outputs.flatMap(output => inputs.map(input => `${input} ${name}/${output}`))
    })
  )
  const paths = new Map(inputs.map(({ name, follow }) => [name, pathMatcher(follow.paths)]))
  return ({ source, name, input, output }) => {
    if (source === '') return outputs.has(output)
    return routes.has(`${input} ${output}`) && paths.get(input)?.(name) === true
  }
}

/** Every account there is: the live ones, the stored ones of sources that nobody reads now, and for each output the sum of those
 * that are forgotten, under no source. Together they hold each row that was ever read. */
export function allAccounts(state: StoredAccounts, live: readonly LedgerRow[], belongs: Belongs): LedgerRow[] {
  const known = new Set(live.map(({ source, output }) => `${source} ${output}`))
  const stored = state.load()
  const sources = new Map(stored.sources.map(source => [source.id, source]))
  const rows = [...live]
  const add = (row: Omit<LedgerRow, 'configured'>): void => void rows.push({ ...row, configured: belongs(row) })
  for (const { source: id, output, position, ledger } of stored.cursors) {
    if (known.has(`${id} ${output}`)) continue
    const source = sources.get(id)
    add({ source: id, name: source?.name ?? id, input: source?.input ?? '', output, position, ledger })
  }
  for (const [output, ledger] of state.ended()) {
    if (isEmpty(ledger)) continue
    add({ source: '', name: '(files that are gone)', input: '', output, position: 0, ledger })
  }
  return rows
}

function isEmpty({ read, lostBytes }: Ledger): boolean {
  return read === 0 && Object.keys(lostBytes).length === 0
}
