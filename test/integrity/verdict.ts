import type { StoredDocument } from '../fakes/elasticsearch-store.ts'
import { readMessage } from './line.ts'

/** What a scenario has shown. */
export interface Verdict {
  readonly rows: number
  readonly lost: number
  readonly twice: number
  readonly ghost: number
  readonly corrupt: number
  /** Empty when the ledger adds up. */
  readonly ledger: string
  /** Other promises that were not kept, a sentence each. */
  readonly broken: readonly string[]
}

export interface Expectation {
  /** Lines of each journal, 0 to n − 1. */
  readonly journals: Readonly<Record<string, number>>
  /** Lines that stand among the dead letters instead. */
  readonly deadLetters?: number
}

/** Compares what the store holds with what was written. */
export function judge(documents: Iterable<StoredDocument>, expected: Expectation): Omit<Verdict, 'ledger' | 'broken'> {
  const seen = new Map(Object.entries(expected.journals).map(([file, lines]) => [file, new Uint8Array(lines)]))
  let twice = 0
  let ghost = 0
  let corrupt = 0
  for (const { source } of documents) {
    const { message } = JSON.parse(source) as { message?: string }
    const line = readMessage(message ?? '')
    if (line === undefined) {
      corrupt++
      continue
    }
    const counts = seen.get(line.file)
    if (counts === undefined || line.seq >= counts.length) ghost++
    else if (++counts[line.seq]! > 1) twice++
  }
  let rows = 0
  let missing = 0
  for (const counts of seen.values()) {
    rows += counts.length
    for (const count of counts) if (count === 0) missing++
  }
  return { rows, lost: missing - (expected.deadLetters ?? 0), twice, ghost, corrupt }
}

interface LedgerRow {
  readonly name: string
  readonly ledger: {
    readonly read: number
    readonly derived: number
    readonly rows: readonly number[]
    readonly lostRows: Readonly<Record<string, number>>
  }
}

/** Whether all accounts of a stopped collector add up, and to the lines that were written. Empty if so. */
export function judgeLedger(json: string, written: number): string {
  const rows = JSON.parse(json) as LedgerRow[]
  let read = 0
  for (const { name, ledger } of rows) {
    const lost = Object.values(ledger.lostRows).reduce((sum, count) => sum + count, 0)
    const ended = ledger.rows.reduce((sum, count) => sum + count, 0) + lost
    if (ledger.read + ledger.derived !== ended) return `${name}: read ${ledger.read}, ended ${ended}`
    read += ledger.read
  }
  return read === written ? '' : `read ${read} of ${written} lines`
}

export function isClean(verdict: Verdict): boolean {
  const { lost, twice, ghost, corrupt, ledger, broken } = verdict
  return lost + twice + ghost + corrupt === 0 && ledger === '' && broken.length === 0
}
