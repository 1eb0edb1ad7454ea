import type { Budget } from './budget.ts'
import type { Packer } from './packer.ts'
import type { Parcel } from './parcel.ts'
import type { Settler } from './settler.ts'

/** Parcels that wait to be sent, and how large they may be. */
export class Queue {
  /** Most bytes of a parcel of several rows. Halved when the server calls a request too large; as that request was larger than
   * the server's limit, this never falls below half of that. */
  limitBytes: number
  readonly #parcels: Parcel[] = []
  readonly #parts: { readonly packer: Packer; readonly budget: Budget; readonly settler: Settler }

  constructor(
    limitBytes: number,
    parts: { readonly packer: Packer; readonly budget: Budget; readonly settler: Settler }
  ) {
    this.limitBytes = limitBytes
    this.#parts = parts
  }

  get length(): number {
    return this.#parcels.length
  }

  push(parcel: Parcel): void {
    this.#parcels.push(parcel)
  }

  putBack(...parcels: Parcel[]): void {
    this.#parcels.unshift(...parcels)
  }

  /** The oldest parcel, in pieces if it is larger than the server takes; else what the packer has, if it is due. */
  next(): Parcel | undefined {
    for (;;) {
      const parcel = this.#parcels.shift() ?? this.#parts.packer.take()
      if (parcel === undefined || parcel.rows === 1 || parcel.size <= this.limitBytes) return parcel
      this.#split(parcel, parcel.rowsWithin(this.limitBytes))
    }
  }

  /** Puts a parcel of several rows back in halves, and learns from that. */
  halve(parcel: Parcel): void {
    const half = Math.max(1, parcel.size >> 1)
    this.limitBytes = Math.min(this.limitBytes, half)
    this.#split(parcel, Math.min(parcel.rowsWithin(half), parcel.rows - 1))
  }

  #split(parcel: Parcel, row: number): void {
    this.putBack(parcel.part(0, row), parcel.part(row, parcel.rows))
    this.#parts.budget.add(parcel.size)
    this.#parts.settler.release(parcel)
  }
}
