import type { Batch } from '../core/batch.ts'
import type { Meter, Sample } from '../core/metrics.ts'
import { parseErrors } from '../core/row.ts'
import type { Position } from '../core/source.ts'

/** What a framer counts. */
export interface FramerCounts {
  readonly nulBytes: { value: number }
  readonly truncatedRows: { value: number }
  readonly splitGroups: { value: number }
}

/** How far somebody has come in a source, whatever lanes read it: who counts there counts each row once. */
export class Frontier {
  #to: Position = 0
  /** Records that were unfinished here were given out: nobody has them still. */
  #cutAt: Position = -1

  /** A reader at this place stops there once, so that no chunk lies on both sides. */
  limit(at: Position): Position {
    return at < this.#to ? this.#to : Infinity
  }

  /** Whether nobody was in `[from, to)` before. */
  isNew(from: Position, to: Position): boolean {
    return from >= this.#to && !(to === from && to === this.#cutAt)
  }

  /** Comes to `to`. Returns whether nobody was in `[from, to)` before. `isCut`: records end there in any case. */
  advance(from: Position, to: Position, isCut = to === from): boolean {
    const isNew = this.isNew(from, to)
    if (isNew) this.#to = to
    if (isNew && isCut) this.#cutAt = to
    return isNew
  }

  /** Whether records that end at a cut are to be given out behind it, by a reader that comes to it from `at`: whoever was there before
   * held them, and went without having given them out. */
  isHeldAt(cut: Position, at: Position): boolean {
    return at < this.#to && cut === this.#to && cut !== this.#cutAt
  }
}

/** The counters of an input. */
export class InputCounts {
  readonly #bytes: Sample
  readonly #rows: Sample
  readonly #nulBytes: Sample
  readonly #truncatedRows: Sample
  readonly #splitGroups: Sample
  /** In the order of `parseErrors` behind its first. */
  readonly #errors: readonly Sample[]

  constructor(meter: Meter, input: string) {
    this.#bytes = meter.of('collector_input_read_bytes_total', input)
    this.#rows = meter.of('collector_input_rows_total', input)
    this.#nulBytes = meter.of('collector_input_nul_bytes_total', input)
    this.#truncatedRows = meter.of('collector_input_truncated_rows_total', input)
    this.#splitGroups = meter.of('collector_input_split_groups_total', input)
    this.#errors = parseErrors.slice(1).map(reason => meter.of('collector_parse_errors_total', input, reason))
  }

  /** Counts the parsed batch `[batch.base, to)`. */
  add(batch: Batch, to: Position, framed: FramerCounts): void {
    this.#bytes.value += to - batch.base
    this.#rows.value += batch.rows
    this.#nulBytes.value += framed.nulBytes.value
    this.#truncatedRows.value += framed.truncatedRows.value
    this.#splitGroups.value += framed.splitGroups.value
    this.#countErrors(batch)
  }

  #countErrors({ rows, errors }: Batch): void {
    for (let row = 0; row < rows; row++) if (errors[row] !== 0) this.#errors[errors[row]! - 1]!.value++
  }
}

/** What is read of one source, counted once for all lanes that read it: by the first that comes to a place. */
export class Tally {
  readonly #frontier = new Frontier()
  readonly #counts: InputCounts

  constructor(counts: InputCounts) {
    this.#counts = counts
  }

  limit(at: Position): Position {
    return this.#frontier.limit(at)
  }

  /** Whether nobody has counted the batch `[batch.base, to)`. */
  isNew({ base }: Batch, to: Position): boolean {
    return this.#frontier.isNew(base, to)
  }

  /** Counts the parsed batch `[batch.base, to)` if nobody did, and begins the framer's counts anew. Returns whether it was counted. */
  count(batch: Batch, to: Position, framed: FramerCounts): boolean {
    const isNew = this.#frontier.advance(batch.base, to)
    if (isNew) this.#counts.add(batch, to, framed)
    forget(framed)
    return isNew
  }
}

/** What a framer has counted, and counts again: it could not go on. */
export function forget({ nulBytes, truncatedRows, splitGroups }: FramerCounts): void {
  nulBytes.value = 0
  truncatedRows.value = 0
  splitGroups.value = 0
}
