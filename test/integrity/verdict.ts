import { ends, type LossReason, lossReasons } from '../../src/core/outcome.ts'
import type { NamedLedgerRow } from '../../src/pipeline/collector.ts'
import type { StoredDocument } from '../fakes/elasticsearch-store.ts'
import { readMessage } from './line.ts'

/** What a scenario has shown. */
export interface Verdict extends Count {
  /** How often something was done to the collector or its surroundings. */
  readonly faults: number
  /** Empty when the ledger adds up. */
  readonly ledger: string
  /** Other promises that were not kept, a sentence each. */
  readonly broken: readonly string[]
  /** Figures worth knowing. */
  readonly notes: readonly string[]
}

export interface Count {
  readonly rows: number
  readonly lost: number
  readonly twice: number
  readonly ghost: number
  readonly corrupt: number
}

export interface Expectation {
  /** Lines of each journal, 0 to n − 1. */
  readonly journals: Readonly<Record<string, number>>
  /** Lines that stand among the dead letters instead. */
  readonly letters?: number
  /** Lines that may be missing, if so many bytes are counted as lost. */
  readonly gaps?: readonly Gap[]
}

/** Lines of a journal from one number to before another. */
export interface Gap {
  readonly file: string
  readonly from: number
  readonly to: number
}

/** Compares what the store holds with what was written. */
export function judge(
  documents: Iterable<Pick<StoredDocument, 'source'>>,
  expected: Expectation
): Count & { gone: readonly Gap[] } {
  const seen = new Map(Object.entries(expected.journals).map(([file, lines]) => [file, new Uint8Array(lines)]))
  let twice = 0
  let ghost = 0
  let corrupt = 0
  for (const { source } of documents) {
    const line = readMessage(messageIn(source))
    if (line === undefined) {
      corrupt++
      continue
    }
    const counts = seen.get(line.file)
    if (counts === undefined || line.seq >= counts.length) ghost++
    else if (++counts[line.seq]! > 1) twice++
  }
  const isGap = (file: string, seq: number): boolean =>
    expected.gaps?.some(gap => gap.file === file && gap.from <= seq && seq < gap.to) ?? false
  const gone: Gap[] = []
  let rows = 0
  let missing = 0
  for (const [file, counts] of seen) {
    rows += counts.length
    for (const [seq, count] of counts.entries()) {
      if (count > 0) continue
      if (isGap(file, seq)) gone.push({ file, from: seq, to: seq + 1 })
      else missing++
    }
  }
  const letters = expected.letters ?? 0
  const lost = Math.max(0, missing - letters)
  return { rows, lost, twice: twice + Math.max(0, letters - missing), ghost, corrupt, gone }
}

/** The same for messages that prove nothing by themselves. Some may be wanted several times. */
export function judgeMessages(documents: Iterable<Pick<StoredDocument, 'source'>>, wanted: readonly string[]): Count {
  const left = new Map<string, number>()
  for (const message of wanted) left.set(message, (left.get(message) ?? 0) + 1)
  let ghost = 0
  for (const { source } of documents) {
    const message = messageIn(source)
    const count = left.get(message)
    if (count === undefined) ghost++
    else left.set(message, count - 1)
  }
  let lost = 0
  let twice = 0
  for (const count of left.values()) {
    lost += Math.max(0, count)
    twice += Math.max(0, -count)
  }
  // what nobody wrote in place of what is missing
  const corrupt = Math.min(ghost, lost)
  return { rows: wanted.length, lost: lost - corrupt, twice, ghost: ghost - corrupt, corrupt }
}

export function sumOf(counts: readonly Count[]): Count {
  const sum = (of: (count: Count) => number): number => counts.reduce((total, count) => total + of(count), 0)
  return {
    rows: sum(one => one.rows),
    lost: sum(one => one.lost),
    twice: sum(one => one.twice),
    ghost: sum(one => one.ghost),
    corrupt: sum(one => one.corrupt)
  }
}

/** The message of a document; `JSON.parse` of millions of whole documents would take longer than the collector. */
export function messageIn(source: string): string {
  const at = source.indexOf('"message":"')
  if (at < 0) return ''
  let end = at + 11
  while (source[end] !== '"') end += source[end] === '\\' ? 2 : 1
  return JSON.parse(source.slice(at + 10, end + 1)) as string
}

/** Whether all accounts of a stopped collector add up, and to the rows that there were. Empty if so. */
export function judgeLedger(json: string, expected: number): string {
  const { rows } = JSON.parse(json) as { rows: readonly NamedLedgerRow[] }
  let read = 0
  for (const { name, ledger } of rows) {
    const lost = lossReasons.reduce((sum, reason) => sum + (ledger.lost[reason] ?? 0), 0)
    const ended = ends.reduce((sum, end) => sum + ledger[end], 0) + lost
    if (ledger.read + ledger.derived !== ended) return `${name}: read ${ledger.read}, ended ${ended}`
    read += ledger.read
  }
  return read === expected ? '' : `read ${read} of ${expected} lines`
}

/** Bytes that all accounts count as lost for this reason. */
export function lostBytes(json: string, reason: LossReason): number {
  const { rows } = JSON.parse(json) as { rows: readonly NamedLedgerRow[] }
  return rows.reduce((sum, { ledger }) => sum + (ledger.lostBytes[reason] ?? 0), 0)
}

export function isClean({ lost, twice, ghost, corrupt, ledger, broken }: Verdict): boolean {
  return [lost, twice, ghost, corrupt, broken.length].every(count => count === 0) && ledger === ''
}
