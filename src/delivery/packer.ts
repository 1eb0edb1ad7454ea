import type { Batch } from '../core/batch.ts'
import type { Clock } from '../core/clock.ts'
import type { Output } from '../core/output.ts'
import type { Position } from '../core/source.ts'
import type { BodyPool } from './body-pool.ts'
import type { Budget } from './budget.ts'
import { Parcel } from './parcel.ts'
import type { Track } from './track.ts'

export interface PackerParts {
  readonly output: Output
  readonly clock: Clock
  readonly pool: BodyPool
  readonly budget: Budget
  readonly flushMs: number
  /** Most bytes of a parcel of several rows; less after the server has said that a request was too large. */
  readonly limit: () => number
  /** A parcel is full. */
  readonly onFull: (parcel: Parcel) => void
  /** The open parcel may be taken. */
  readonly onDue: () => void
}

/** Without a parcel for so many times `flushMs` an output is quiet. */
const quietFlushes = 3

/** Fills parcels with encoded rows. Only one is open at a time. */
export class Packer {
  #open: Parcel | undefined
  #isDue = false
  #cancelFlush: (() => void) | undefined
  /** Monotonic ms when the last parcel was taken. */
  #takenAt = Number.NEGATIVE_INFINITY
  readonly #parts: PackerParts

  constructor(parts: PackerParts) {
    this.#parts = parts
  }

  /** Encodes the kept rows of a batch and returns their number. */
  pack(batch: Batch, track: Track, range: number, barrier: number): number {
    const parcel = this.#parcel()
    const { body } = parcel
    const rows = body.rows
    const size = body.at
    this.#parts.output.encode(batch, body)
    const added = body.rows - rows
    if (added === 0) return 0
    parcel.addEntry(track, range)
    if (barrier > parcel.barrier) parcel.barrier = barrier
    const { repeatsUntil } = track
    if (track.rowsFrom < repeatsUntil) markRepeats(parcel, rows, repeatsUntil)
    if (rows === 0) this.#startFlush()
    this.#parts.budget.add(body.at - size)
    if (body.at >= this.#parts.limit()) this.#cut()
    return added
  }

  /** The open parcel, sealed, if its time has come; with `now` also if it hasn't. */
  take(now = false): Parcel | undefined {
    const parcel = this.#open
    if (parcel === undefined || parcel.rows === 0 || !(now || this.#isDue)) return undefined
    this.#open = undefined
    this.#stopFlush()
    this.#takenAt = this.#parts.clock.monotonic()
    return parcel.seal()
  }

  /** Whether rows are waiting in the open parcel. */
  get hasRows(): boolean {
    return this.#open !== undefined && this.#open.rows > 0
  }

  close(): void {
    this.#stopFlush()
  }

  #parcel(): Parcel {
    this.#open ??= new Parcel(this.#parts.pool.take(), true)
    return this.#open
  }

  /** Ships what is full. A batch may reach over the limit: its last rows begin the next parcel. */
  #cut(): void {
    const limit = this.#parts.limit()
    for (;;) {
      const full = this.#parcel()
      const rows = full.rowsWithin(limit)
      if (rows < full.rows) {
        const rest = new Parcel(this.#parts.pool.take(), true)
        rest.copyRows(full, rows, full.rows)
        full.truncate(rows)
        this.#open = rest
      } else {
        if (full.size < limit) return
        this.#open = undefined
      }
      this.#stopFlush()
      this.#takenAt = this.#parts.clock.monotonic()
      this.#parts.onFull(full.seal())
      if (this.#open === undefined) return
      this.#startFlush()
    }
  }

  /** A row that comes after a quiet time leaves at once, with those that came with it: a request more does no harm then. */
  #startFlush(): void {
    const { clock, flushMs } = this.#parts
    const isQuiet = clock.monotonic() - this.#takenAt >= quietFlushes * flushMs
    this.#cancelFlush = clock.after(isQuiet ? 0 : flushMs, () => {
      this.#isDue = true
      this.#parts.onDue()
    })
  }

  #stopFlush(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    this.#isDue = false
  }
}

function markRepeats(parcel: Parcel, from: number, until: Position): void {
  const { rowPositions, rows } = parcel.body
  for (let row = from; row < rows; row++) if (rowPositions[row]! < until) parcel.setRepeats(row)
}
