import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Flag } from '../core/row.ts'
import { Label } from './label.ts'
import { labelFor, type RowError, rowErrors } from './labels.ts'

/** What is added to the name of a label that the row has already. */
const suffix = '_extracted'
const nothing = Buffer.alloc(0)

/** What stages have made of a label. */
interface Made {
  /** The row it is of, as `RowView` counts them. */
  turn: number
  isGone: boolean
  bytes: Buffer
  start: number
  end: number
}

/** A row as the stages of a query have made it: its labels and its line. There is one for a filter, and it begins anew for each row. */
export class RowView {
  /** The line stands in `bytes[start, end)`. */
  bytes: Buffer = nothing
  start = 0
  end = 0
  readonly #keys: Keys
  /** What a later stage asks for: nothing else is taken out of a line. */
  readonly #wanted: ReadonlySet<string>
  /** Labels of the row that are not those of the batch. */
  readonly #made = new Map<string, Made>()
  /** Goes on with each row. */
  #turn = 0
  /** The labels of the batch are gone. */
  #isClosed = false
  readonly #base = new Map<string, Label>()
  #batch!: Batch
  #errors: Uint8Array = nothing
  #row = 0

  constructor(keys: Keys, wanted: ReadonlySet<string>) {
    this.#keys = keys
    this.#wanted = wanted
  }

  open(batch: Batch, errors: Uint8Array): void {
    this.#batch = batch
    this.#errors = errors
    for (const label of this.#base.values()) label.open(batch, errors)
  }

  begin(row: number): void {
    this.#row = row
    this.#turn++
    this.#isClosed = false
    this.bytes = this.#batch.bytes
    this.start = this.#batch.starts[row]!
    this.end = this.#batch.ends[row]!
  }

  /** The line is that of the row, and not all of it is UTF-8. */
  get isInvalid(): boolean {
    return this.bytes === this.#batch.bytes && (this.#batch.flags[this.#row]! & Flag.invalidUtf8) !== 0
  }

  get line(): string {
    return this.bytes.utf8Slice(this.start, this.end)
  }

  /** The line, where it is another one than the row had. */
  get newLine(): string | undefined {
    const { bytes, starts, ends } = this.#batch
    if (this.bytes === bytes) return undefined
    const { line } = this
    return line === bytes.utf8Slice(starts[this.#row]!, ends[this.#row]!) ? undefined : line
  }

  setLine(text: string): void {
    this.bytes = Buffer.from(text)
    this.start = 0
    this.end = this.bytes.length
  }

  get(name: string): string | undefined {
    const own = this.own(this.made(name))
    if (own !== undefined) return own.isGone ? undefined : own.bytes.utf8Slice(own.start, own.end)
    const base = this.base(name)
    return !this.hides(name) && base.find(this.#row) ? base.text : undefined
  }

  /** Where is what stages make of a label. */
  made(name: string): Made {
    const known = this.#made.get(name)
    if (known !== undefined) return known
    const made = { turn: -1, isGone: false, bytes: nothing, start: 0, end: 0 }
    this.#made.set(name, made)
    return made
  }

  /** The same, if they have made something of it for this row. */
  own(made: Made): Made | undefined {
    return made.turn === this.#turn ? made : undefined
  }

  /** Whether the batch's label of this name is gone. */
  hides(name: string): boolean {
    return this.#isClosed && !name.startsWith('__')
  }

  /** The label as the batch has it. */
  base(name: string): Label {
    const known = this.#base.get(name)
    if (known !== undefined) return known
    const label = labelFor(name, this.#keys)
    label.open(this.#batch, this.#errors)
    this.#base.set(name, label)
    return label
  }

  set(name: string, value: string): void {
    const bytes = Buffer.from(value)
    this.#put(name, bytes, 0, bytes.length)
  }

  remove(name: string): void {
    if (name === '__error__') this.#errors[this.#row] = 0
    else this.#put(name, nothing, 0, 0).isGone = true
  }

  /** Leaves the row these labels only. */
  keepOnly(labels: ReadonlyMap<string, string>): void {
    this.#turn++
    for (const [name, value] of labels) this.set(name, value)
    this.#isClosed = true
  }

  /** Whether a later stage may ask for a member of an object of this name. */
  wantsIn(name: string): boolean {
    for (const label of this.#wanted) if (name === '' || label.startsWith(`${name}_`)) return true
    return false
  }

  /** Takes a label that was found in the line; of those with one name the first. */
  extract(name: string, value: string): void {
    const target = this.#targetOf(name)
    if (target !== undefined) this.set(target, value)
  }

  /** The same, of a label whose value are bytes that stay where they are while the row is looked at. */
  extractSpan(name: string, bytes: Buffer, start: number, end: number): void {
    const target = this.#targetOf(name)
    if (target !== undefined) this.#put(target, bytes, start, end)
  }

  /** Under which name a label is taken; undefined if it is not. */
  #targetOf(name: string): string | undefined {
    if (!this.#wanted.has(name) && !this.#wanted.has(name + suffix)) return undefined
    const target = this.base(name).find(this.#row) ? name + suffix : name
    return this.#wanted.has(target) && (this.own(this.made(target))?.isGone ?? true) ? target : undefined
  }

  #put(name: string, bytes: Buffer, start: number, end: number): Made {
    const made = this.made(name)
    made.turn = this.#turn
    made.isGone = false
    made.bytes = bytes
    made.start = start
    made.end = end
    return made
  }

  fail(error: RowError): void {
    if (this.#errors[this.#row] === 0) this.#errors[this.#row] = rowErrors.indexOf(error)
  }
}

/** A label as stages have made it. */
export class ViewLabel extends Label {
  readonly #name: string
  readonly #view: RowView
  readonly #made: Made

  constructor(name: string, view: RowView) {
    super()
    this.#name = name
    this.#view = view
    this.#made = view.made(name)
  }

  open(): void {
    // the view is opened by itself
  }

  find(row: number): boolean {
    const own = this.#view.own(this.#made)
    if (own !== undefined) return own.isGone ? this.setNone() : this.set(own.bytes, own.start, own.end)
    const base = this.#view.base(this.#name)
    return !this.#view.hides(this.#name) && base.find(row) ? this.set(base.bytes, base.start, base.end) : this.setNone()
  }
}
