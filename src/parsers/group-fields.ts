import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Kind, parseErrors } from '../core/row.ts'
import type { Parser } from '../core/steps.ts'
import { isJsonNumber, PlainSpans } from '../scan/plain-spans.ts'
import { isUtf8Row } from '../scan/text.ts'
import { refuse } from './refuse.ts'

const dash = 0x2d
const numeric = 1
const nullable = 2

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
  /** By group, as bits: it may be a number; `-` and nothing say that there is nothing. */
  readonly #traits: Uint8Array
  readonly #ids: Int32Array
  readonly #spans = new PlainSpans()
  #generation = -1

  constructor(keys: Keys, { names, numbers = new Set(), dashesAreNone = false }: GroupNames) {
    this.#keys = keys
    this.#names = names
    this.#traits = Uint8Array.from(names, name => {
      const isNumber = name !== undefined && numbers.has(name)
      return (isNumber ? numeric : 0) | (dashesAreNone && name !== 'message' ? nullable : 0)
    })
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
    this.#spans.open(batch, row)
    this.#add(batch, row, places, false)
  }

  /** The same where no group has a quote, a backslash or a control character in it. */
  addClean(batch: Batch, row: number, places: Int32Array): void {
    const isPlain = isUtf8Row(batch, row)
    if (!isPlain) this.#spans.open(batch, row)
    this.#add(batch, row, places, isPlain)
  }

  #add(batch: Batch, row: number, places: Int32Array, isPlain: boolean): void {
    const { bytes } = batch
    const ids = this.#ids
    for (let group = 0; group < ids.length; group++) {
      const start = places[2 * group]!
      const id = ids[group]!
      if (start < 0 || id < 0) continue
      const end = places[2 * group + 1]!
      const traits = this.#traits[group]!
      if ((traits & nullable) !== 0 && isNone(bytes, start, end)) continue
      let kind: Kind = Kind.plain
      if ((traits & numeric) !== 0 && isJsonNumber(bytes, start, end)) kind = Kind.number
      else if (!isPlain) kind = this.#spans.kindOf(start, end)
      batch.addField(row, id, start, end, kind)
    }
  }
}

/** What finds groups in a row: `slots` say where they are, as `GroupFields` takes them. */
interface Finder {
  readonly slots: Int32Array
  find(bytes: Uint8Array, start: number, end: number): boolean
}

/** A parser of rows in which groups are found. */
export function groupParser(name: (typeof parseErrors)[number], finder: Finder, names: GroupNames, keys: Keys): Parser {
  const refused = parseErrors.indexOf(name)
  const fields = new GroupFields(keys, names)
  return {
    parse(batch, from = 0) {
      fields.open()
      for (let row = from; row < batch.rows; row++) {
        if (finder.find(batch.bytes, batch.starts[row]!, batch.ends[row]!)) fields.add(batch, row, finder.slots)
        else refuse(batch, row, refused)
      }
    }
  }
}

function isNone(bytes: Uint8Array, start: number, end: number): boolean {
  return start === end || (end === start + 1 && bytes[start] === dash)
}
