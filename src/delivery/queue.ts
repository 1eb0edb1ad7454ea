import type { Budget } from './budget.ts'
import type { Packer } from './packer.ts'
import type { Parcel } from './parcel.ts'
import { SizeLimit } from './size-limit.ts'
import type { Settler } from './settler.ts'

/** Parcels that wait to be sent, and how large they may be. */
export class Queue {
  readonly limit: SizeLimit
  readonly #parcels: Parcel[] = []
  readonly #parts: { readonly packer: Packer; readonly budget: Budget; readonly settler: Settler }

  constructor(
    batchBytes: number,
    parts: { readonly packer: Packer; readonly budget: Budget; readonly settler: Settler }
  ) {
    this.limit = new SizeLimit(batchBytes)
    this.#parts = parts
  }

  get length(): number {
    return this.#parcels.length
  }

  /** Whether there are rows to send, now or soon. */
  get hasRows(): boolean {
    return this.#parcels.length > 0 || this.#parts.packer.hasRows
  }

  push(parcel: Parcel): void {
    if (parcel.isOver) this.#parts.settler.takeBack(parcel)
    else this.#parcels.push(parcel)
  }

  putBack(...parcels: Parcel[]): void {
    for (const parcel of parcels.toReversed()) {
      if (parcel.isOver) this.#parts.settler.takeBack(parcel)
      else this.#parcels.unshift(parcel)
    }
  }

  /** Takes back what belongs to replays that are over. */
  clean(): void {
    for (const parcel of this.#parcels.splice(0)) this.push(parcel)
  }

  /** The oldest parcel, in pieces if it is larger than the server takes; else what the packer has, if it is due. */
  next(): Parcel | undefined {
    return this.#next(() => this.#parcels.shift() ?? this.#parts.packer.take())
  }

  /** The same of dead letters that are sent again. */
  nextReplay(): Parcel | undefined {
    return this.#next(() => {
      const index = this.#parcels.findIndex(parcel => parcel.isReplay)
      return index < 0 ? undefined : this.#parcels.splice(index, 1)[0]
    })
  }

  #next(take: () => Parcel | undefined): Parcel | undefined {
    for (;;) {
      const parcel = take()
      if (parcel === undefined || parcel.rows === 1 || parcel.size <= this.limit.bytes) return parcel
      this.#split(parcel, parcel.rowsWithin(this.limit.bytes))
    }
  }

  /** Any row that was never refused, alone, though its parcel may not be due: poison comes in bursts, so that the oldest one
   * would say little. Dead letters sent again don't count. */
  anyRow(random: () => number): Parcel | undefined {
    const fresh = this.#parcels.filter(parcel => !parcel.isReplay && !parcel.isFinal)
    const chosen = fresh[Math.floor(random() * fresh.length)]
    const parcel = chosen ?? this.#parts.packer.take(true)
    if (parcel === undefined) return undefined
    const index = chosen === undefined ? 0 : this.#parcels.indexOf(chosen)
    if (chosen !== undefined) this.#parcels.splice(index, 1)
    if (parcel.rows === 1) return parcel
    const row = Math.floor(random() * parcel.rows)
    if (row > 0) this.#parcels.splice(index, 0, parcel.part(0, row))
    if (row + 1 < parcel.rows) this.#parcels.splice(row > 0 ? index + 1 : index, 0, parcel.part(row + 1, parcel.rows))
    const one = parcel.part(row, row + 1)
    this.#parts.budget.add(parcel.size)
    this.#parts.settler.release(parcel)
    return one
  }

  /** Puts a parcel of several rows back in halves, and learns from that. */
  halve(parcel: Parcel): void {
    this.limit.refused(parcel.size)
    this.#split(parcel, Math.min(parcel.rowsWithin(parcel.size >> 1), parcel.rows - 1))
  }

  #split(parcel: Parcel, row: number): void {
    this.putBack(parcel.part(0, row), parcel.part(row, parcel.rows))
    this.#parts.budget.add(parcel.size)
    this.#parts.settler.release(parcel)
  }
}
