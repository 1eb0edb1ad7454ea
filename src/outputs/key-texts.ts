import type { Batch } from '../core/batch.ts'
import { Use } from '../core/row.ts'
import type { Keys } from '../core/keys.ts'
import type { Fragment } from './copy.ts'

const lastStamp = 0x3fffffff

/** How an encoder writes names. */
export interface KeyForm {
  /** A name with all that parts it from its value. */
  textOf(name: string): Fragment
  /** Bits `1 << kind`: with these kinds of values the name may stand at the top of a document, where it has a top. */
  topKindsOf(name: string): number
}

/**
 * What an encoder knows of a key, by its id: its name as bytes, the kinds with which it may stand at the top of a document,
 * and whether the row at hand has it already.
 */
export class KeyTexts {
  readonly #keys: Keys
  readonly #form: KeyForm
  #generation = 0
  #texts: (Fragment | undefined)[] = []
  /** The id under which a key is written: another one for the empty name, which nobody takes. */
  #writtenAs: number[] = []
  #topKinds: number[] = []
  #inTop: number[] = []
  #inAttributes: number[] = []
  #stamp = 0

  constructor(keys: Keys, form: KeyForm) {
    this.#keys = keys
    this.#form = form
  }

  /** Call it before each batch. Returns whether all ids became void. */
  refresh(): boolean {
    if (this.#generation === this.#keys.generation) return false
    this.#generation = this.#keys.generation
    this.#texts = []
    this.#writtenAs = []
    this.#topKinds = []
    this.#inTop = []
    this.#inAttributes = []
    return true
  }

  startRow(): void {
    if (this.#stamp === lastStamp) {
      this.#inTop.fill(0)
      this.#inAttributes.fill(0)
      this.#stamp = 0
    }
    this.#stamp++
  }

  /** The name of a key as bytes. */
  text(key: number): Fragment {
    return this.#texts[key] ?? this.#learn(key)
  }

  /** Bits `1 << kind`: with these kinds of values the key may stand at the top of the document. */
  topKinds(key: number): number {
    if (this.#texts[key] === undefined) this.#learn(key)
    return this.#topKinds[key]!
  }

  name(key: number): string {
    return this.#keys.names[key]!
  }

  /** Takes the key for the top of the document; false if the row has it there already. */
  takeTop(key: number): boolean {
    if (this.#inTop[key] === this.#stamp) return false
    this.#inTop[key] = this.#stamp
    return true
  }

  /** Takes the key for `attributes`, under a name that no other field of the row has there, and returns that name's id. */
  takeAttribute(batch: Batch, row: number, field: number): number {
    const key = batch.fieldKey[field]!
    if (this.#texts[key] === undefined) this.#learn(key)
    const written = this.#writtenAs[key]!
    if (written === key && this.#inAttributes[key] !== this.#stamp) {
      this.#inAttributes[key] = this.#stamp
      return key
    }
    return this.#takeOther(batch, row, written)
  }

  /** Marks a name as used inside `attributes`, whoever wrote it there. */
  reserve(name: string): void {
    this.#inAttributes[this.#idOf(name)] = this.#stamp
  }

  #takeOther(batch: Batch, row: number, key: number): number {
    const name = this.#keys.names[key]!
    for (let n = 1; ; n++) {
      const id = this.#idOf(n === 1 ? name : `${name}_${n}`)
      if (this.#inAttributes[id] === this.#stamp || (n > 1 && has(batch, row, id))) continue
      if (n === 1 && has(batch, row, id)) continue
      this.#inAttributes[id] = this.#stamp
      return id
    }
  }

  #idOf(name: string): number {
    const id = this.#keys.add(name)
    if (this.#texts[id] === undefined) this.#learn(id)
    return id
  }

  #learn(key: number): Fragment {
    const name = this.#keys.names[key]!
    while (this.#texts.length <= key) this.#append()
    const text = this.#form.textOf(name)
    this.#texts[key] = text
    this.#topKinds[key] = this.#form.topKindsOf(name)
    this.#writtenAs[key] = name === '' ? this.#keys.add('_') : key
    return text
  }

  /** One by one, so that the arrays stay packed. */
  #append(): void {
    this.#texts.push(undefined)
    this.#writtenAs.push(-1)
    this.#topKinds.push(0)
    this.#inTop.push(0)
    this.#inAttributes.push(0)
  }
}

function has(batch: Batch, row: number, key: number): boolean {
  for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
    if (batch.fieldKey[field] === key && batch.fieldUse[field] === Use.attribute) return true
  }
  return false
}
