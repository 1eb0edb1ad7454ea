import type { Position } from './source.ts'

/** What an output says of one row of a shipment. */
export const Verdict = {
  delivered: 0,
  /** The id exists already. Delivery decides whether that is our own row (`duplicate`) or another one (`id_collision`). */
  exists: 1,
  retry: 2,
  /** This row can never be accepted as it is: to the dead letters. */
  refused: 3
} as const
export type Verdict = (typeof Verdict)[keyof typeof Verdict]

/** Why bytes or rows were lost, in words for people. Each has a counter, and a line in the log when it occurs; the list is complete:
 * what isn't here is a defect. Counts are exact, but where a file went while the collector did not run: what a killed run had sent in its
 * last second is then counted as lost too, and of an archive all that it had. Runs of NULs are holes that nobody wrote: they have a metric, and are no loss. */
export const losses = {
  truncated_gap: 'bytes of a file that was truncated or written anew before they were read',
  deleted_unread: 'bytes of a file that was deleted before they were read',
  queue_evicted: 'bytes of a deleted file that hold_deleted had no room for, while an output did not take them',
  corrupt_frame: 'bytes of a deleted file that were kept on disk, and could not be read there any more',
  too_large: 'bytes of records behind max_line_bytes; what is before is sent, with a flag',
  dead_letters_full: 'refused rows for which there was no room among the dead letters, where when_full is drop',
  backlog_evicted: 'rows that an output was behind with by more than its max_backlog',
  corrupt_archive: 'compressed bytes of an archive that ends too early, is damaged, or holds unbelievably much'
} as const
export type LossReason = keyof typeof losses
export const lossReasons = Object.keys(losses) as readonly LossReason[]

/** The ways a row can end, in words for people, in the order of `Ledger.rows`. */
export const endings = {
  delivered: 'the output has taken it',
  duplicate: 'the output had it already, from before a restart or a lost answer',
  filtered: 'a condition of the configuration leaves it out',
  sampled: 'left out by sampling',
  throttled: 'left out by a limit on how many',
  deduplicated: 'like another row, which counts it',
  dead_lettered: 'refused by the output, or by on_parse_error, and kept: see "mcp-collector dlq"'
} as const
export const ends = Object.keys(endings) as readonly End[]
export type End = keyof typeof endings
export const endOf = Object.fromEntries(ends.map((name, index) => [name, index])) as Readonly<Record<End, number>>

/**
 * Account of one source and output: `read + derived = delivered + duplicate + filtered + … + pending + lost rows`, at every
 * moment. Stored with the cursor, in its transaction, for exactly the rows before the cursor; what is behind the cursor is
 * read again after a restart and counts then.
 */
export interface Ledger {
  read: number
  derived: number
  /** Rows by how they ended, in the order of `ends`. */
  readonly rows: number[]
  /** Rows and bytes that are gone, by reason. */
  readonly lostRows: Partial<Record<LossReason, number>>
  readonly lostBytes: Partial<Record<LossReason, number>>
}

export function newLedger(): Ledger {
  return { read: 0, derived: 0, rows: ends.map(() => 0), lostRows: {}, lostBytes: {} }
}

export function addLedger(to: Ledger, from: Ledger): void {
  to.read += from.read
  to.derived += from.derived
  for (let i = 0; i < from.rows.length; i++) to.rows[i]! += from.rows[i]!
  for (const reason of lossReasons) {
    if (from.lostRows[reason]) to.lostRows[reason] = (to.lostRows[reason] ?? 0) + from.lostRows[reason]
    if (from.lostBytes[reason]) to.lostBytes[reason] = (to.lostBytes[reason] ?? 0) + from.lostBytes[reason]
  }
}

/** Rows that were read and have not ended. */
export function pendingRows(ledger: Ledger): number {
  let ended = 0
  for (const count of ledger.rows) ended += count
  for (const reason of lossReasons) ended += ledger.lostRows[reason] ?? 0
  return ledger.read + ledger.derived - ended
}

/** A ledger as the API and the command line show it: each count by its name. Ways to end that did not occur are there with 0. */
export interface NamedLedger extends Readonly<Record<End, number>> {
  readonly read: number
  readonly derived: number
  readonly pending: number
  /** Rows that are gone, by reason. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>
  readonly lostBytes: Readonly<Partial<Record<LossReason, number>>>
}

/** The row of accounts with the counts of its ledger by name. */
export function withNames<R extends { readonly ledger: Ledger }>(
  row: R
): Omit<R, 'ledger'> & { readonly ledger: NamedLedger } {
  const { read, derived, rows, lostRows: lost, lostBytes } = row.ledger
  const ended = Object.fromEntries(ends.map((end, i) => [end, rows[i]!])) as Record<End, number>
  return { ...row, ledger: { read, derived, ...ended, pending: pendingRows(row.ledger), lost, lostBytes } }
}

/** Where an output stands in a source: everything before `position` is settled. */
export interface Cursor {
  readonly source: string
  /** `pipeline/output` names. */
  readonly output: string
  readonly position: Position
  /** Hash of the up to 64 bytes before `position`, hex; empty at 0. Compared when the source is opened again. */
  readonly marker: string
  readonly ledger: Ledger
}
