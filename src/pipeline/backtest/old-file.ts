import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import { Idle } from '../../core/source.ts'
import type { FileSource } from '../../inputs/file/source.ts'
import { type Outlet, Reader, type ReaderParts } from '../reader.ts'

/** Clocks differ a little, ms. */
const tolerableMs = 1000
/** Rows of a chunk whose times are compared. */
const samples = 9

export interface OldFileOptions {
  readonly source: FileSource
  /** No row is younger, epoch ms. */
  readonly writtenMs: number
  /** Gets the rows, with times that can be relied upon and the time of the newest as that of reading. */
  readonly observe: (batch: Batch, rows: OldRows) => void
  /** Gets them again, behind all steps. */
  readonly append: (batch: Batch) => void
}

/** Of the rows of a chunk. */
export interface OldRows {
  readonly oldest: number
  readonly newest: number
}

/** Reads a file from its beginning to its end, as if each row was read at its own time. */
export class OldFile implements Outlet {
  readonly source: FileSource
  /** Epoch ms. Rows that are older have been read, but for those that are out of order by more than half a chunk. */
  clock = -Infinity
  isDone = false
  rows = 0
  /** They had no time of their own, and got that of the row before. */
  timeless = 0
  /** They said that they were younger than the file, and got the time of the row before. */
  ahead = 0
  readonly #reader: Reader
  readonly #options: OldFileOptions
  readonly #times = new Float64Array(samples)
  #last = Number.NaN

  constructor(options: OldFileOptions, parts: Omit<ReaderParts, 'clock'> & Pick<ReaderParts, 'clock'>) {
    this.source = options.source
    this.#options = options
    this.#reader = new Reader(options.source, { from: 0, knownTo: 0 }, parts, this)
  }

  get readTo(): number {
    return this.#reader.readTo
  }

  /** What has to be loaded before it can go on. */
  get loading(): Promise<unknown> | undefined {
    return this.#reader.loading
  }

  /** Reads a chunk. False if the next bytes are still under way, or the parser is (`loading`). */
  read(): boolean {
    const got = this.#reader.readChunk(Infinity)
    if (this.#reader.loading !== undefined) return false
    if (got > 0) return true
    if (got === Idle && this.source.isSequential && !this.source.isFailing) return false
    if (!this.#reader.finish(Infinity) && this.loading !== undefined) return false
    this.#reader.end()
    this.isDone = true
    this.clock = Infinity
    return true
  }

  observe(batch: Batch): void {
    this.rows += batch.rows
    const rows = this.#settleTimes(batch)
    batch.readTime = rows.newest
    this.#options.observe(batch, rows)
    this.clock = Math.max(this.clock, this.#typical(batch))
  }

  append(batch: Batch): void {
    this.#options.append(batch)
  }

  skip(): void {}

  /** Gives a time to rows that have none that could be. */
  #settleTimes(batch: Batch): OldRows {
    const latest = this.#options.writtenMs + tolerableMs
    let [oldest, newest] = [Infinity, -Infinity]
    if (Number.isNaN(this.#last)) this.#last = firstTime(batch, latest)
    let last = this.#last
    for (let row = 0; row < batch.rows; row++) {
      let time = batch.time[row]!
      const isTimeless = (batch.flags[row]! & Flag.timeRead) !== 0
      if (isTimeless || time > latest) {
        if (isTimeless) this.timeless++
        else this.ahead++
        time = batch.time[row] = last
        batch.nanos[row] = 0
      }
      last = time
      if (time < oldest) oldest = time
      if (time > newest) newest = time
    }
    this.#last = last
    return { oldest, newest }
  }

  /** The median of some times: a row with a wrong clock says nothing about others. */
  #typical({ rows, time }: Batch): number {
    const count = Math.min(samples, rows)
    const times = this.#times.subarray(0, count)
    for (let i = 0; i < count; i++) times[i] = time[Math.floor(((i + 0.5) * rows) / count)]!
    return times.sort()[count >> 1]!
  }
}

function firstTime({ rows, time, flags }: Batch, latest: number): number {
  for (let row = 0; row < rows; row++) {
    if ((flags[row]! & Flag.timeRead) === 0 && time[row]! <= latest) return time[row]!
  }
  return latest
}
