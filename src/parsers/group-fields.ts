import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Kind } from '../core/row.ts'
import { isJsonNumber, PlainSpans } from '../scan/plain-spans.ts'

const dash = 0x2d

/** How groups become fields. */
export interface GroupNames {
  /** Of the fields, by number of the group; undefined: it is none. */
  readonly names: readonly (string | undefined)[]
  /** Fields that are numbers, where what was found is one. */
  readonly numbers?: ReadonlySet<string>
  /** `-` and empty groups but the message say that there is nothing. */
  readonly dashesAreNone?: boolean
}

/** Makes fields of the places that groups were found at. */
export class GroupFields {
  readonly #keys: Keys
  readonly #names: readonly (string | undefined)[]
  readonly #isNumber: readonly boolean[]
  readonly #mayBeNone: readonly boolean[]
  readonly #ids: Int32Array
  readonly #spans = new PlainSpans()
  #generation = -1

  constructor(keys: Keys, { names, numbers = new Set(), dashesAreNone = false }: GroupNames) {
    this.#keys = keys
    this.#names = names
    this.#isNumber = names.map(name => name !== undefined && numbers.has(name))
    this.#mayBeNone = names.map(name => dashesAreNone && name !== 'message')
    this.#ids = new Int32Array(names.length)
  }

  /** To be called before the rows of a batch. */
  open(): void {
    if (this.#generation === this.#keys.generation) return
    this.#generation = this.#keys.generation
    for (const [index, name] of this.#names.entries()) this.#ids[index] = name === undefined ? -1 : this.#keys.add(name)
  }

  /** Adds a field for each group that took part: its number times two is where `places` say that it begins, and ends behind. */
  add(batch: Batch, row: number, places: Int32Array): void {
    const { bytes } = batch
    const ids = this.#ids
    this.#spans.open(batch, row)
    for (let group = 0; group < ids.length; group++) {
      const start = places[2 * group]!
      const end = places[2 * group + 1]!
      if (start < 0 || ids[group]! < 0 || (this.#mayBeNone[group]! && isNone(bytes, start, end))) continue
      const isNumber = this.#isNumber[group]! && isJsonNumber(bytes, start, end)
      batch.addField(row, ids[group]!, start, end, isNumber ? Kind.number : this.#spans.kindOf(start, end))
    }
  }
}

function isNone(bytes: Uint8Array, start: number, end: number): boolean {
  return start === end || (end === start + 1 && bytes[start] === dash)
}
