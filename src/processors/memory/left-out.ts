import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Kind } from '../../core/row.ts'

const zero = 0x30

/** The field by which a row says how many of its kind were left out before it. */
export class LeftOutField {
  readonly #keys: Keys
  readonly #name: string
  #key = -1
  #generation = -1

  constructor(keys: Keys, name: string) {
    this.#keys = keys
    this.#name = name
  }

  /** Whether the row says so now: not if it has a field of this name. */
  tell(batch: Batch, row: number, count: number): boolean {
    const key = this.#ownKey()
    const { fieldKey, fieldNext } = batch
    for (let field = batch.firstField[row]!; field >= 0; field = fieldNext[field]!)
      if (fieldKey[field] === key) return false
    let digits = 1
    for (let rest = count; rest >= 10; rest = Math.floor(rest / 10)) digits++
    const start = batch.overlay(digits)
    for (let at = start + digits - 1, rest = count; at >= start; at--, rest = Math.floor(rest / 10)) {
      batch.bytes[at] = zero + (rest % 10)
    }
    batch.addField(row, key, start, start + digits, Kind.number)
    return true
  }

  #ownKey(): number {
    if (this.#generation !== this.#keys.generation) {
      this.#key = this.#keys.add(this.#name)
      this.#generation = this.#keys.generation
    }
    return this.#key
  }
}
