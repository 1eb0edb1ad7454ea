import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { grown } from '../../core/workspace.ts'

/** Puts fields that were found in a value behind those of its row. */
export class Merge {
  readonly #keys: Keys
  readonly #prefix: string
  readonly #overwrites: boolean
  #generation = -1
  /** By key id: that of the same name with the prefix, plus one; 0 where it is not known yet. */
  #prefixed = new Int32Array(1024)
  /** By key id: the last row, counted here, on one side or the other that had it. */
  #seen = new Int32Array(1024)
  #row = 0

  constructor(keys: Keys, prefix: string, overwrites: boolean) {
    this.#keys = keys
    this.#prefix = prefix
    this.#overwrites = overwrites
  }

  /** `first` is the first of these fields; returns the first that was added, or -1. No name comes twice. */
  add(batch: Batch, row: number, first: number): number {
    this.#refresh()
    if (this.#prefix !== '') this.#rename(batch, first)
    if (!this.#overwrites) {
      this.#note(batch, batch.firstField[row]!)
      return this.#append(batch, row, this.#withoutNoted(batch, first))
    }
    this.#note(batch, first)
    batch.firstField[row] = this.#withoutNoted(batch, batch.firstField[row]!)
    batch.lastField[row] = lastOf(batch, batch.firstField[row])
    return this.#append(batch, row, first)
  }

  #append(batch: Batch, row: number, first: number): number {
    if (first < 0) return -1
    const last = batch.lastField[row]!
    if (last < 0) batch.firstField[row] = first
    else batch.fieldNext[last] = first
    batch.lastField[row] = lastOf(batch, first)
    return first
  }

  #rename({ fieldKey, fieldNext }: Batch, first: number): void {
    for (let field = first; field >= 0; field = fieldNext[field]!) fieldKey[field] = this.#withPrefix(fieldKey[field]!)
  }

  #withPrefix(key: number): number {
    if (key >= this.#prefixed.length)
      this.#prefixed = grown(this.#prefixed, new Int32Array(this.#keys.names.length * 2))
    const known = this.#prefixed[key]!
    if (known !== 0) return known - 1
    const id = this.#keys.add(this.#prefix + this.#keys.names[key]!)
    this.#prefixed[key] = id + 1
    return id
  }

  #note({ fieldKey, fieldNext }: Batch, first: number): void {
    this.#row++
    if (this.#keys.names.length > this.#seen.length)
      this.#seen = grown(this.#seen, new Int32Array(this.#keys.names.length * 2))
    for (let field = first; field >= 0; field = fieldNext[field]!) this.#seen[fieldKey[field]!] = this.#row
  }

  /** Takes fields whose names were noted out of a list; returns its first. */
  #withoutNoted({ fieldKey, fieldNext }: Batch, first: number): number {
    let start = -1
    let last = -1
    for (let field = first; field >= 0; field = fieldNext[field]!) {
      if (this.#seen[fieldKey[field]!] === this.#row) continue
      if (last < 0) start = field
      else fieldNext[last] = field
      last = field
    }
    if (last >= 0) fieldNext[last] = -1
    return start
  }

  #refresh(): void {
    const isSame = this.#generation === this.#keys.generation && this.#row < 0x7ffffff0
    if (isSame) return
    this.#generation = this.#keys.generation
    this.#prefixed.fill(0)
    this.#seen.fill(0)
    this.#row = 0
  }
}

function lastOf({ fieldNext }: Batch, first: number): number {
  let last = first
  for (let field = first; field >= 0; field = fieldNext[field]!) last = field
  return last
}
