import type { Batch, Column } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Kind } from '../../core/row.ts'
import type { Processor } from '../../core/steps.ts'
import { RowFilter } from '../../logql/filter.ts'
import { Hints } from '../../scan/hints.ts'
import { Layer, type Search } from './layer.ts'
import type { Masks } from './masks.ts'

/** What is known of the name of a field. */
const Known = { not: 0, open: 1, secret: 2 } as const

export interface RedactParts extends Search {
  readonly keys: Keys
  /** Rows to look at, whatever became of them; undefined: all. */
  readonly query: string | undefined
  /** Undefined: what is searched for may be in any row. */
  readonly hints: Hints | undefined
  /** The byte that hidden ones become. */
  readonly mask: number
}

/** Hides what its finders find in rows, in place: all that knows of a row reads the same bytes. Rows that were left out are no exception,
 * since rules, tail and dead letters have them too. */
export class Redact implements Processor {
  readonly #parts: RedactParts
  readonly #filter: RowFilter | undefined
  readonly #layer: Layer
  readonly #masks: Masks
  #wanted = new Uint8Array(0)
  #hinted = new Uint8Array(0)
  /** By key: a number of `Known`. */
  #known = new Uint8Array(256)
  #generation = -1

  constructor(parts: RedactParts) {
    this.#parts = parts
    this.#filter = parts.query === undefined ? undefined : new RowFilter(parts.query, parts.keys)
    this.#layer = new Layer(parts)
    this.#masks = parts.masks
  }

  apply(batch: Batch): void {
    const { rows } = batch
    if (this.#wanted.length < rows) {
      this.#wanted = new Uint8Array(rows * 2)
      this.#hinted = new Uint8Array(rows * 2)
    }
    const wanted = this.#wanted.fill(1, 0, rows)
    this.#filter?.narrow(batch, wanted)
    const hinted = this.#hinted
    hinted.set(wanted.subarray(0, rows))
    this.#parts.hints?.narrow(batch, hinted)
    this.#openKeys()
    const hasOwn = this.#hasOwnFields(batch)
    for (let row = 0; row < rows; row++) {
      if (hinted[row] === 1 || (hasOwn && wanted[row] === 1 && this.#hasOwnValues(batch, row))) this.#search(batch, row)
    }
  }

  #openKeys(): void {
    const { keys } = this.#parts
    if (this.#generation !== keys.generation || this.#known.length < keys.names.length) {
      this.#generation = keys.generation
      this.#known = new Uint8Array(keys.names.length * 2)
    }
  }

  /** Whether a row may have something that is not seen in its bytes: a field with a secret name, or a value that was made for it. */
  #hasOwnFields({ fields, size, fieldKey, fieldEnd }: Batch): boolean {
    for (let field = 0; field < fields; field++) {
      if (fieldEnd[field]! > size || this.#isSecret(fieldKey[field]!)) return true
    }
    return false
  }

  #hasOwnValues({ starts, ends, firstField, fieldKey, fieldStart, fieldEnd, fieldNext }: Batch, row: number): boolean {
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      if (fieldStart[field]! < starts[row]! || fieldEnd[field]! > ends[row]!) return true
      if (this.#isSecret(fieldKey[field]!)) return true
    }
    return false
  }

  #isSecret(key: number): boolean {
    const known = this.#known[key]!
    return (known === Known.not ? this.#learn(key) : known) === Known.secret
  }

  #learn(key: number): number {
    const { keys, names } = this.#parts
    return (this.#known[key] = names.has(keys.bytes, keys.starts[key]!, keys.starts[key + 1]!)
      ? Known.secret
      : Known.open)
  }

  #search(batch: Batch, row: number): void {
    const layer = this.#layer
    const masks = this.#masks
    const start = batch.starts[row]!
    const end = batch.ends[row]!
    layer.bytes = batch.bytes
    layer.start = start
    masks.count = 0
    layer.text(start, end)
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      const isInside = batch.fieldStart[field]! >= start && batch.fieldEnd[field]! <= end
      const isSecret = this.#isSecret(batch.fieldKey[field]!)
      if (!isInside || isSecret) this.#searchField(batch, field, isSecret)
    }
    this.#spareIds(batch, row)
    if (masks.count === 0) return
    masks.apply(batch.bytes)
    this.#mendKinds(batch, row)
  }

  #searchField({ fieldStart, fieldEnd, fieldKind }: Batch, field: number, isSecret: boolean): void {
    const layer = this.#layer
    const start = fieldStart[field]!
    const end = fieldEnd[field]!
    const kind = fieldKind[field]!
    layer.start = start
    if (kind === Kind.json) layer.json(start, end, isSecret)
    else if (kind === Kind.boolean || kind === Kind.null || start === end) return
    else if (isSecret) layer.hide(start, end, kind === Kind.number)
    else if (kind === Kind.jsonText) layer.escaped(start, end)
    else layer.text(start, end)
  }

  /** Digits of an id may look like a card. */
  #spareIds({ traceId, spanId }: Batch, row: number): void {
    for (const column of [traceId, spanId] satisfies Column[]) {
      if (column.kind[row] !== Kind.absent) this.#masks.spare(column.start[row]!, column.end[row]!)
    }
  }

  /** A number in a text that was hidden there is none any more. */
  #mendKinds({ bytes, firstField, fieldStart, fieldEnd, fieldKind, fieldNext }: Batch, row: number): void {
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      if (fieldKind[field] !== Kind.number) continue
      const value = bytes.subarray(fieldStart[field], fieldEnd[field])
      if (value.includes(this.#parts.mask)) fieldKind[field] = Kind.plain
    }
  }
}
