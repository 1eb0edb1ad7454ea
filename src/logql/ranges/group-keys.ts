import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import type { Source } from '../../core/source.ts'
import type { LabelSource } from '../conditions.ts'
import type { Labels } from '../evaluate/sample.ts'
import type { Label } from '../labels.ts'
import { labelsOfSource } from '../names.ts'
import type { GroupLabels } from './group-labels.ts'

/** A longer key is refused: no series has that much to say. */
const longest = 4096

/**
 * Writes the values of the labels that make a group as one key: each with its length before it (16 bits), in the order of their
 * names, then names and values of what is told of the source. Keys are valid UTF-8 but for the lengths, so that labels that are
 * equal have equal keys.
 */
export class GroupKeys {
  readonly bytes = Buffer.allocUnsafeSlow(longest)
  length = 0
  readonly #labels: readonly Label[]
  readonly #butOfSource: ReadonlySet<string> | undefined
  #source: Source | undefined
  #ofSource: Buffer = Buffer.alloc(0)
  #flags: Uint8Array = new Uint8Array(0)

  constructor({ names, butOfSource }: GroupLabels, labels: LabelSource) {
    this.#labels = names.map(labels)
    this.#butOfSource = butOfSource && new Set([...names, ...butOfSource])
  }

  /** To be called before the rows of a batch are looked at. */
  open(batch: Batch, errors: Uint8Array): void {
    for (const label of this.#labels) label.open(batch, errors)
    this.#flags = batch.flags
    if (batch.source === this.#source) return
    this.#source = batch.source
    const but = this.#butOfSource
    if (but !== undefined)
      this.#ofSource = written(labelsOfSource(batch.source.resource).filter(([name]) => !but.has(name)))
  }

  /** Writes the key of a row; false if it is too long. */
  write(row: number): boolean {
    let at = 0
    for (const label of this.#labels) {
      label.find(row)
      let { bytes, start, end } = label
      if ((this.#flags[row]! & Flag.invalidUtf8) !== 0) {
        bytes = Buffer.from(label.text)
        start = 0
        end = bytes.length
      }
      if (at + 2 + end - start > longest) return false
      at = append(this.bytes, at, bytes, start, end)
    }
    const ofSource = this.#ofSource
    if (at + ofSource.length > longest) return false
    this.length = at + ofSource.copy(this.bytes, at)
    return true
  }
}

function append(into: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  into[at++] = length & 0xff
  into[at++] = length >> 8
  for (let i = start; i < end; i++) into[at++] = bytes[i]!
  return at
}

function written(pairs: readonly (readonly [string, string])[]): Buffer {
  const texts = pairs.flat().map(text => Buffer.from(text).subarray(0, 0xffff))
  const bytes = Buffer.alloc(texts.reduce((sum, text) => sum + 2 + text.length, 0))
  texts.reduce((at, text) => append(bytes, at, text, 0, text.length), 0)
  return bytes
}

/** The labels that a key stands for. `key` holds its bytes as Latin 1. */
export function labelsOfKey(key: string, { names }: GroupLabels): Labels {
  const bytes = Buffer.from(key, 'latin1')
  const texts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16LE(at)
    texts.push(bytes.utf8Slice(at + 2, end))
    at = end
  }
  const pairs = names.map((name, i): [string, string] => [name, texts[i] ?? ''])
  for (let i = names.length; i < texts.length; i += 2) pairs.push([texts[i]!, texts[i + 1] ?? ''])
  return Object.freeze(Object.fromEntries(sorted(pairs.filter(([, value]) => value !== ''))))
}

function sorted(pairs: [string, string][]): [string, string][] {
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1))
}
