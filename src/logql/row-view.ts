import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Label } from './label.ts'
import { labelFor, type RowError, rowErrors } from './labels.ts'

/** What is added to the name of a label that the row has already. */
const suffix = '_extracted'

/** A row as the stages of a query have made it: its labels and its line. There is one for a filter, and it begins anew for each row. */
export class RowView {
  /** The line stands in `bytes[start, end)`. */
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  readonly #keys: Keys
  /** What a later stage asks for: nothing else is taken out of a line. */
  readonly #wanted: ReadonlySet<string>
  /** Labels of the row that are not those of the batch; null: it has it no more. */
  readonly #own = new Map<string, string | null>()
  /** The labels of the batch are gone. */
  #isClosed = false
  readonly #base = new Map<string, Label>()
  #batch!: Batch
  #errors: Uint8Array = new Uint8Array(0)
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
    this.#own.clear()
    this.#isClosed = false
    this.bytes = this.#batch.bytes
    this.start = this.#batch.starts[row]!
    this.end = this.#batch.ends[row]!
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
    const own = this.own(name)
    if (own !== undefined) return own ?? undefined
    const base = this.base(name)
    return base.find(this.#row) ? base.text : undefined
  }

  /** What stages have made of a label; undefined: it is that of the batch. */
  own(name: string): string | null | undefined {
    const own = this.#own.get(name)
    return own === undefined && this.#isClosed && !name.startsWith('__') ? null : own
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
    this.#own.set(name, value)
  }

  remove(name: string): void {
    if (name === '__error__') this.#errors[this.#row] = 0
    else this.#own.set(name, null)
  }

  /** Leaves the row these labels only. */
  keepOnly(labels: ReadonlyMap<string, string>): void {
    this.#own.clear()
    for (const [name, value] of labels) this.#own.set(name, value)
    this.#isClosed = true
  }

  /** Whether a later stage may ask for a member of an object of this name. */
  wantsIn(name: string): boolean {
    for (const label of this.#wanted) if (name === '' || label.startsWith(`${name}_`)) return true
    return false
  }

  /** Takes a label that was found in the line; of those with one name the first. */
  extract(name: string, value: string): void {
    if (!this.#wanted.has(name) && !this.#wanted.has(name + suffix)) return
    const target = this.base(name).find(this.#row) ? name + suffix : name
    if (this.#wanted.has(target) && typeof this.#own.get(target) !== 'string') this.#own.set(target, value)
  }

  fail(error: RowError): void {
    if (this.#errors[this.#row] === 0) this.#errors[this.#row] = rowErrors.indexOf(error)
  }
}

/** A label as stages have made it. */
export class ViewLabel extends Label {
  readonly #name: string
  readonly #view: RowView

  constructor(name: string, view: RowView) {
    super()
    this.#name = name
    this.#view = view
  }

  open(): void {
    // the view is opened by itself
  }

  find(row: number): boolean {
    const own = this.#view.own(this.#name)
    if (own === null) return this.setNone()
    if (own !== undefined) return this.setText(own)
    const base = this.#view.base(this.#name)
    return base.find(row) ? this.set(base.bytes, base.start, base.end) : this.setNone()
  }
}
