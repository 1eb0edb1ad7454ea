import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { copyBytes, unescape } from '../../scan/text.ts'
import type { Place, Places } from '../places/place.ts'
import { SharedText } from '../places/shared-text.ts'
import type { Filter } from './filters.ts'
import { type Insert, type Part, readTemplate } from './read.ts'

/** What a step puts into rows. */
export interface Value {
  /** The value that `make` made last: it is that of no other field. */
  readonly start: number
  readonly end: number
  readonly kind: number
  /** To be called before the rows of a batch. */
  open(batch: Batch): void
  /** False where the row does not have what it is made of. */
  make(row: number): boolean
}

/** A text with fields of the row in it. One that is nothing but a field is that field's value, a number for example. Throws `TemplateFault`. */
export function templateOf(text: string, places: Places): Value {
  const parts = readTemplate(text)
  const [first] = parts
  if (parts.every(part => typeof part === 'string')) return new Constant(new SharedText(text))
  if (parts.length === 1 && typeof first === 'object' && first.filters.length === 0) return new Copy(first, places)
  return new Template(parts, places)
}

/** The same for all rows. */
export class Constant implements Value {
  readonly #text: SharedText
  #batch!: Batch

  constructor(text: SharedText) {
    this.#text = text
  }

  get start(): number {
    return this.#text.start
  }

  get end(): number {
    return this.#text.end
  }

  get kind(): number {
    return this.#text.kind
  }

  open(batch: Batch): void {
    this.#batch = batch
    this.#text.open()
  }

  make(): true {
    this.#text.place(this.#batch)
    return true
  }
}

/** Finds what is put into a template: a value of the row, or a constant field of its source. */
class Inserted {
  start = 0
  end = 0
  kind: number = Kind.absent
  readonly filters: readonly Filter[]
  readonly #isOptional: boolean
  readonly #place: Place
  #batch!: Batch
  #resource: string | undefined
  #constant: SharedText | undefined

  constructor({ field, filters }: Insert, places: Places) {
    this.filters = filters
    this.#isOptional = filters.some(({ isDefault }) => isDefault === true)
    this.#place = places.named(field)
  }

  open(batch: Batch): void {
    this.#batch = batch
    const { resource } = batch.source
    const { name } = this.#place
    const constant = Object.hasOwn(resource, name) ? resource[name] : undefined
    if (constant !== this.#resource) this.#constant = constant === undefined ? undefined : new SharedText(constant)
    this.#resource = constant
    this.#constant?.open()
  }

  /** False where the row has none, and the template can not do without. */
  find(row: number): boolean {
    const place = this.#place
    if (place.find(row) && place.kind !== Kind.null) {
      this.start = place.start
      this.end = place.end
      this.kind = place.kind
      return true
    }
    this.start = this.end = 0
    this.kind = Kind.absent
    const constant = this.#constant
    if (constant === undefined) return this.#isOptional
    constant.place(this.#batch)
    this.start = constant.start
    this.end = constant.end
    this.kind = constant.kind
    return true
  }
}

/** The value of one field as it is. Its bytes are copied, since encoders count on each to be written once. */
class Copy implements Value {
  start = 0
  end = 0
  kind = 0
  readonly #value: Inserted
  #batch!: Batch

  constructor(insert: Insert, places: Places) {
    this.#value = new Inserted(insert, places)
  }

  open(batch: Batch): void {
    this.#batch = batch
    this.#value.open(batch)
  }

  make(row: number): boolean {
    const batch = this.#batch
    const value = this.#value
    if (!value.find(row)) return false
    this.start = batch.overlay(value.end - value.start)
    this.end = copyBytes(batch.bytes, value.start, value.end, batch.bytes, this.start)
    this.kind = value.kind
    return true
  }
}

/** Texts and values in their order, in the overlay. */
class Template implements Value {
  start = 0
  end = 0
  readonly kind = Kind.text
  readonly #parts: readonly (Buffer | Inserted)[]
  #batch!: Batch

  constructor(parts: readonly Part[], places: Places) {
    this.#parts = parts.map(part => (typeof part === 'string' ? Buffer.from(part) : new Inserted(part, places)))
  }

  open(batch: Batch): void {
    this.#batch = batch
    for (const part of this.#parts) if (part instanceof Inserted) part.open(batch)
  }

  /** All are found before the first is written: what is found may add to the overlay, too. */
  make(row: number): boolean {
    const batch = this.#batch
    for (const part of this.#parts) if (part instanceof Inserted && !part.find(row)) return false
    this.start = batch.used
    for (const part of this.#parts) {
      if (part instanceof Inserted) insert(batch, part)
      else {
        const at = batch.overlay(part.length)
        copyBytes(part, 0, part.length, batch.bytes, at)
      }
    }
    this.end = batch.used
    return true
  }
}

function insert(batch: Batch, { start, end, kind, filters }: Inserted): void {
  const at = batch.overlay(end - start)
  const { bytes } = batch
  if (kind === Kind.jsonText) batch.used = unescape(bytes, start, end, bytes, at)
  else copyBytes(bytes, start, end, bytes, at)
  for (const filter of filters) filter.apply(batch, at)
}
