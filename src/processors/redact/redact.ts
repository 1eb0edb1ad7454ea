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

/** Those that a step may have made a value for. */
const columns = ['body', 'service', 'agentId'] as const

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
  /** By column: where the value of its own begins that was searched last. Many rows may share one. */
  readonly #searched = new Int32Array(columns.length)

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
    const mayHaveOwn = this.#mayHaveOwnValues(batch)
    this.#searched.fill(-1)
    for (let row = 0; row < rows; row++) {
      if (hinted[row] === 1 || (mayHaveOwn && wanted[row] === 1 && this.#hasOwnValues(batch, row)))
        this.#search(batch, row)
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
  #mayHaveOwnValues({ fields, size, used, fieldKey }: Batch): boolean {
    if (used > size) return true
    for (let field = 0; field < fields; field++) if (this.#isSecret(fieldKey[field]!)) return true
    return false
  }

  #hasOwnValues(batch: Batch, row: number): boolean {
    const { starts, ends, firstField, fieldKey, fieldStart, fieldEnd, fieldNext } = batch
    for (let number = 0; number < columns.length; number++) if (this.#isOwn(batch, number, row)) return true
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      if (fieldStart[field]! < starts[row]! || fieldEnd[field]! > ends[row]!) return true
      if (this.#isSecret(fieldKey[field]!)) return true
    }
    return false
  }

  /** Whether a column has a value that stands elsewhere than the row, as `set` makes them, and is not that of the row before. */
  #isOwn(batch: Batch, number: number, row: number): boolean {
    const { start, end, kind } = batch[columns[number]!]
    if (kind[row] === Kind.absent || start[row] === this.#searched[number]) return false
    return start[row]! < batch.starts[row]! || end[row]! > batch.ends[row]!
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
    let hasOwn = false
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      const isInside = batch.fieldStart[field]! >= start && batch.fieldEnd[field]! <= end
      const isSecret = this.#isSecret(batch.fieldKey[field]!)
      if (!isInside || isSecret) this.#searchField(batch, field, isSecret)
      hasOwn ||= !isInside
    }
    for (let number = 0; number < columns.length; number++) {
      if (this.#isOwn(batch, number, row)) this.#searchColumn(batch, number, row)
    }
    this.#spareIds(batch, row)
    // bytes that rows share were masked with the first of these
    if (masks.count === 0 && !hasOwn) return
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

  #searchColumn(batch: Batch, number: number, row: number): void {
    const layer = this.#layer
    const { start, end, kind } = batch[columns[number]!]
    this.#searched[number] = start[row]!
    layer.start = start[row]!
    if (kind[row] === Kind.jsonText) layer.escaped(start[row]!, end[row]!)
    else layer.text(start[row]!, end[row]!)
  }

  /** Digits of an id may look like a card. */
  #spareIds({ traceId, spanId }: Batch, row: number): void {
    for (const column of [traceId, spanId] satisfies Column[]) {
      if (column.kind[row] !== Kind.absent) this.#masks.spare(column.start[row]!, column.end[row]!)
    }
  }

  /** What was found as text may have been more: a number that was hidden is text now, and so is an object that is no JSON any more. */
  #mendKinds({ bytes, firstField, fieldStart, fieldEnd, fieldKind, fieldNext }: Batch, row: number): void {
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      const start = fieldStart[field]!
      const end = fieldEnd[field]!
      if (fieldKind[field] === Kind.number) {
        if (bytes.subarray(start, end).includes(this.#parts.mask)) fieldKind[field] = Kind.plain
      } else if (fieldKind[field] === Kind.json && !this.#layer.json(start, end)) fieldKind[field] = Kind.text
    }
  }
}
