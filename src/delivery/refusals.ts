import type { Clock } from '../core/clock.ts'
import type { Refusal } from '../core/output.ts'
import { grown } from '../core/workspace.ts'
import type { Parcel } from './parcel.ts'

const windowRows = 500
const tooManyRows = windowRows / 2
const undecidedMs = 10_000
const mostTypes = 1000
const mostTypesShown = 3
const mostTypeLength = 80

/** Refused rows of which is not known yet whether they or the server are at fault. */
export interface UndecidedRows {
  readonly rows: number
  /** What they were refused for: some types, without the reasons, as those may quote rows. */
  readonly types: readonly string[]
}

interface Undecided {
  readonly parcel: Parcel
  readonly refusals: readonly Refusal[]
  /** Verdicts seen up to its last row. */
  readonly seen: number
  readonly cancel: () => void
}

/**
 * Tells poison rows from a server that refuses everything (a missing ingest pipeline, a field limit). The rule:
 *
 * 1. The window is the last 500 final verdicts, in the order of their arrival. When 250 of them are refusals of one type, the
 *    server is at fault: `isRefusing`.
 * 2. A refused row is undecided until 500 more verdicts have come, or for 10 s. If the server is not found at fault until then,
 *    the row becomes a dead letter.
 * 3. When the server is found at fault, all undecided rows are kept, as are all rows refused from then on. Nothing is sent but
 *    probes, one row at a time: in turn a fresh one, which was never refused, and a kept one, each time another. Where no fresh
 *    row is at hand, only kept ones.
 * 4. A kept row is not refused: the server is well again. The window is empty, and all kept rows are sent again.
 * 5. A fresh row is not refused, the kept one tried directly behind it still is: the rows are at fault. All kept rows are sent
 *    once more, and those that are refused become dead letters. From then on, it takes a whole window of this type to find the
 *    server at fault for it: a stream of which more than half is poison does not stop again and again.
 */
export class Refusals {
  isRefusing = false
  /** Type of the refusals the server was found at fault for. */
  type = ''
  /** Types that rows were found at fault for. */
  readonly #faultsOfRows = new Set<string>()
  /** The last probe was a fresh row and not refused. */
  #isFreshTaken = false
  #wasFresh = false
  readonly #window = new Int32Array(windowRows)
  #counts = new Int32Array(16)
  readonly #types = new Map<string, number>()
  #seen = 0
  #undecided: Undecided[] = []
  #kept: Parcel[] = []
  readonly #clock: Clock
  readonly #onDecided: (parcel: Parcel, refusals: readonly Refusal[]) => void

  /** `onDecided` gets what has to go to the dead letters. */
  constructor(clock: Clock, onDecided: (parcel: Parcel, refusals: readonly Refusal[]) => void) {
    this.#clock = clock
    this.#onDecided = onDecided
  }

  /** Rows that are undecided or kept. */
  get heldRows(): number {
    let rows = 0
    for (const { parcel } of this.#undecided) rows += parcel.rows
    for (const parcel of this.#kept) rows += parcel.rows
    return rows
  }

  get undecided(): UndecidedRows {
    let rows = 0
    const types = new Set<string>()
    for (const { parcel, refusals } of this.#undecided) {
      rows += parcel.rows
      for (const { type } of refusals) if (types.size < mostTypesShown) types.add(type.slice(0, mostTypeLength))
    }
    return { rows, types: [...types] }
  }

  /** Counts verdicts of accepted rows. */
  accepted(rows: number): void {
    const steps = Math.min(rows, windowRows)
    this.#seen += rows - steps
    for (let i = 0; i < steps; i++) this.#push(0)
  }

  /** Counts the verdict of a refused row; returns how many verdicts there have been. */
  refused(refusal: Refusal): number {
    const type = this.#typeOf(refusal.type)
    this.#push(type)
    const mostRows = this.#faultsOfRows.has(refusal.type) ? windowRows : tooManyRows
    if (this.#counts[type]! >= mostRows && !this.isRefusing) {
      this.isRefusing = true
      this.type = refusal.type
      this.#wasFresh = false
    }
    return this.#seen
  }

  /** Takes over a parcel of refused rows; `seen[row]` is what `refused` returned for each. To be called after all verdicts of a
   * shipment were counted. */
  hold(parcel: Parcel, refusals: readonly Refusal[], seen: readonly number[]): void {
    if (this.isRefusing) {
      this.#kept.push(parcel)
      return
    }
    let old = 0
    while (old < seen.length && this.#seen - seen[old]! >= windowRows) old++
    if (old > 0) this.#onDecided(old === parcel.rows ? parcel : parcel.part(0, old), refusals.slice(0, old))
    if (old === parcel.rows) return
    const rest = old === 0 ? parcel : parcel.part(old, parcel.rows)
    const cancel = this.#clock.after(undecidedMs, () => this.#expire(undecided))
    const undecided: Undecided = { parcel: rest, refusals: refusals.slice(old), seen: seen.at(-1)!, cancel }
    this.#undecided.push(undecided)
  }

  /** Decides on rows whose 500 verdicts have come; to be called after each shipment. */
  review(): void {
    if (this.isRefusing) {
      for (const { parcel, cancel } of this.#undecided) {
        cancel()
        this.#kept.push(parcel)
      }
      this.#undecided = []
      return
    }
    while (this.#undecided.length > 0 && this.#seen - this.#undecided[0]!.seen >= windowRows) {
      const { parcel, refusals, cancel } = this.#undecided.shift()!
      cancel()
      this.#onDecided(parcel, refusals)
    }
  }

  /** Rows whose refusal is final. */
  bury(parcel: Parcel, refusals: readonly Refusal[]): void {
    this.#onDecided(parcel, refusals)
  }

  /** The next row to try: a fresh one that `anyRow` gives, or a kept one. */
  takeProbe(
    anyRow: () => Parcel | undefined
  ): { readonly parcel: Parcel; readonly kind: 'fresh' | 'kept' } | undefined {
    const fresh = this.#wasFresh && this.#kept.length > 0 ? undefined : anyRow()
    this.#wasFresh = fresh !== undefined
    if (fresh !== undefined) return { parcel: fresh, kind: 'fresh' }
    const kept = this.#takeKept()
    return kept === undefined ? undefined : { parcel: kept, kind: 'kept' }
  }

  /** Notes the answer to a probe. If it decides, returns the kept rows, to be sent again. */
  probed(kind: 'fresh' | 'kept', isRefused: boolean): Parcel[] | undefined {
    const areRowsAtFault = kind === 'kept' && isRefused && this.#isFreshTaken
    this.#isFreshTaken = kind === 'fresh' && !isRefused
    if (areRowsAtFault) return this.#acquit()
    if (isRefused || (kind === 'fresh' && this.#kept.length > 0)) return undefined
    return this.#resume()
  }

  /** The last probe was taken, but what was refused before has to be tried once more. */
  get isInDoubt(): boolean {
    return this.isRefusing && this.#isFreshTaken
  }

  /** A kept row that was to be a probe and got no answer. */
  keep(parcel: Parcel): void {
    this.#kept.push(parcel)
    this.#isFreshTaken = false
  }

  close(): void {
    for (const { cancel } of this.#undecided) cancel()
  }

  #acquit(): Parcel[] {
    this.#faultsOfRows.add(this.type)
    const kept = this.#resume()
    for (const parcel of kept) parcel.isFinal = true
    return kept
  }

  #takeKept(): Parcel | undefined {
    const parcel = this.#kept.shift()
    if (parcel === undefined || parcel.rows === 1) return parcel
    this.#kept.unshift(parcel.part(1, parcel.rows))
    return parcel.part(0, 1)
  }

  #resume(): Parcel[] {
    this.isRefusing = false
    this.type = ''
    this.#isFreshTaken = false
    this.#window.fill(0)
    this.#counts.fill(0)
    this.#types.clear()
    return this.#kept.splice(0)
  }

  #expire(undecided: Undecided): void {
    const index = this.#undecided.indexOf(undecided)
    if (index < 0) return
    this.#undecided.splice(index, 1)
    this.#onDecided(undecided.parcel, undecided.refusals)
  }

  #push(type: number): void {
    const at = this.#seen % windowRows
    const old = this.#window[at]!
    if (old !== 0) this.#counts[old]!--
    this.#window[at] = type
    if (type !== 0) this.#counts[type]!++
    this.#seen++
  }

  #typeOf(name: string): number {
    const known = this.#types.get(name)
    if (known !== undefined) return known
    // a server that makes up a type for each row must not fill the memory
    const type = Math.min(this.#types.size + 1, mostTypes)
    if (type < mostTypes) this.#types.set(name, type)
    if (type >= this.#counts.length) this.#counts = grown(this.#counts, new Int32Array(this.#counts.length * 2))
    return type
  }
}
