import type { Batch } from '../../core/batch.ts'
import { Flag } from '../../core/row.ts'
import type { Source } from '../../core/source.ts'
import type { LabelSource } from '../conditions.ts'
import type { Labels } from '../evaluate/sample.ts'
import type { Label } from '../label.ts'
import { labelsOfSource } from '../names.ts'
import type { GroupLabels } from './group-labels.ts'
import type { GroupTable } from '../../core/group-table.ts'

/** A longer key is refused: no series has that much to say. */
const longest = 4096

/** Groups of the last rows, by what is cheap to see of their labels. */
const recentSlots = 256

/**
 * Finds the group of a row. Its key are the values of the labels that make a group, each with its length before it (16 bits), in the
 * order of their names, then names and values of what is told of the source. Keys are valid UTF-8 but for the lengths, so that labels
 * that are equal have equal keys.
 */
export class GroupKeys {
  readonly #table: GroupTable
  readonly #labels: readonly Label[]
  readonly #butOfSource: ReadonlySet<string> | undefined
  #source: Source | undefined
  #ofSource: Buffer = Buffer.alloc(0)
  #flags: Uint8Array = new Uint8Array(0)
  readonly #key = Buffer.allocUnsafeSlow(longest)
  readonly #recent = new Int32Array(recentSlots)

  constructor({ names, butOfSource }: GroupLabels, labels: LabelSource, table: GroupTable) {
    this.#table = table
    this.#labels = names.map(labels)
    this.#butOfSource = butOfSource && new Set([...names, ...butOfSource])
    this.clear()
  }

  /** To be called before the rows of a batch are looked at. */
  open(batch: Batch, errors: Uint8Array): void {
    for (const label of this.#labels) label.open(batch, errors)
    this.#flags = batch.flags
    const but = this.#butOfSource
    if (but === undefined || batch.source === this.#source) return
    this.#source = batch.source
    this.#ofSource = written(labelsOfSource(batch.source.resource).filter(([name]) => !but.has(name)))
    this.clear()
  }

  /** To be called when groups have other numbers. */
  clear(): void {
    this.#recent.fill(-1)
  }

  /** The group of a row; -1 if there are too many, or its labels are too long. */
  find(row: number): number {
    let seen = 0
    for (const label of this.#labels) {
      label.find(row)
      const { bytes, start, end } = label
      const length = end - start
      const ends = length === 0 ? 0 : bytes[start]! * 7 + bytes[end - 1]! * 131 + bytes[start + (length >> 1)]! * 517
      seen = Math.imul(seen, 31) + length * 31 + ends
    }
    const slot = seen & (recentSlots - 1)
    const recent = this.#recent[slot]!
    if (recent >= 0 && this.#isOf(recent)) return recent
    const length = this.#write(row)
    return length < 0 ? -1 : (this.#recent[slot] = this.#table.find(this.#key, length))
  }

  /** Whether the labels, as they were found last, are those of a group. */
  #isOf(group: number): boolean {
    const { keys } = this.#table
    let at = this.#table.startOf(group)
    for (const label of this.#labels) {
      const { bytes, start, end } = label
      if ((keys[at]! | (keys[at + 1]! << 8)) !== end - start) return false
      at += 2
      for (let i = start; i < end; i++, at++) if (keys[at] !== bytes[i]) return false
    }
    return true
  }

  /** Writes the key of a row and returns its length; -1 if it is too long. */
  #write(row: number): number {
    let at = 0
    for (const label of this.#labels) {
      let { bytes, start, end } = label
      if ((this.#flags[row]! & Flag.invalidUtf8) !== 0) {
        bytes = Buffer.from(label.text)
        start = 0
        end = bytes.length
      }
      if (at + 2 + end - start > longest) return -1
      at = append(this.#key, at, bytes, start, end)
    }
    if (at + this.#ofSource.length > longest) return -1
    return at + this.#ofSource.copy(this.#key, at)
  }
}

function append(into: Buffer, at: number, bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  into[at++] = length & 0xff
  into[at++] = length >> 8
  // the call costs as much as thirty bytes by hand
  if (length > 32 && Buffer.isBuffer(bytes)) return at + bytes.copy(into, at, start, end)
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
