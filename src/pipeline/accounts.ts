import type { Cursor, Ledger } from '../core/outcome.ts'
import type { StoredState } from '../core/record.ts'
import type { LedgerRow } from './collector.ts'

/** What the state directory knows of accounts. */
export interface StoredAccounts {
  load(): StoredState
  ledgers(): readonly Pick<Cursor, 'source' | 'output' | 'position' | 'ledger'>[]
  ended(): ReadonlyMap<string, Ledger>
}

/** Every account there is: the live ones, the stored ones of sources that nobody reads now, and for each output the sum of those
 * that are forgotten, under no source. Together they hold each row that was ever read. */
export function allAccounts(state: StoredAccounts, live: readonly LedgerRow[]): LedgerRow[] {
  const known = new Set(live.map(({ source, output }) => `${source} ${output}`))
  const sources = new Map(state.load().sources.map(source => [source.id, source]))
  const rows = [...live]
  for (const { source: id, output, position, ledger } of state.ledgers()) {
    if (known.has(`${id} ${output}`)) continue
    const source = sources.get(id)
    rows.push({ source: id, name: source?.name ?? id, input: source?.input ?? '', output, position, ledger })
  }
  for (const [output, ledger] of state.ended()) {
    if (isEmpty(ledger)) continue
    rows.push({ source: '', name: '(files that are gone)', input: '', output, position: 0, ledger })
  }
  return rows
}

function isEmpty({ read, lostBytes }: Ledger): boolean {
  return read === 0 && Object.keys(lostBytes).length === 0
}
