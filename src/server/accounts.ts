import { addLedger, type NamedLedger, newLedger, withNames } from '../core/outcome.ts'
import type { LedgerRow, NamedLedgerRow } from '../pipeline/collector.ts'

export interface AccountQuery {
  /** Only accounts of this output, as `pipeline/name`. */
  readonly output?: string | undefined
  /** Only accounts of this input. */
  readonly input?: string | undefined
  /** Only accounts of the source with this id, and of those whose name contains this text. */
  readonly source?: string | undefined
  /** Only accounts behind this one: `next` of the page before. */
  readonly after?: string | undefined
  readonly limit: number
}

export interface AccountPage {
  /** In an order that stays the same while rows are read. */
  readonly rows: readonly NamedLedgerRow[]
  /** Sums over all accounts that the query means, not just those of the page, and how many they are. */
  readonly total: NamedLedger & { readonly accounts: number }
  /** There are more accounts; absent on the last page. */
  readonly next?: string
}

/** One page of the accounts that a query means. */
export function accountPage(all: readonly LedgerRow[], query: AccountQuery): AccountPage {
  const wanted = all.filter(row => isWanted(row, query))
  const behind = wanted
    .filter(row => query.after === undefined || keyOf(row) > query.after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const rows = behind.slice(0, query.limit)
  const last = rows.at(-1)
  const sum = newLedger()
  for (const { ledger } of wanted) addLedger(sum, ledger)
  return {
    rows: rows.map(withNames),
    total: { accounts: wanted.length, ...withNames({ ledger: sum }).ledger },
    ...(last !== undefined && behind.length > rows.length && { next: keyOf(last) })
  }
}

function isWanted({ source, name, input, output }: LedgerRow, query: AccountQuery): boolean {
  if (query.output !== undefined && output !== query.output) return false
  if (query.input !== undefined && input !== query.input) return false
  return query.source === undefined || source === query.source || name.includes(query.source)
}

/** No id of a source has a blank. */
function keyOf({ source, output }: LedgerRow): string {
  return `${output} ${source}`
}
