import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { Call } from '../../core/call.ts'
import type { Workspace } from '../../core/workspace.ts'
import { severityInText } from '../../scan/severity.ts'
import { twoDigits } from '../../scan/time-reader.ts'
import { Role } from './candidates.ts'
import type { Found } from './found.ts'
import { normalizeWasm } from './normalize.wasm.ts'

/** `Call` of kernels/normalize.as.ts behind its doubles. */
const layout = `rows fate starts ends mark marksAt flags severity time nanos firstField fieldKey fieldStart fieldEnd fieldKind
  fieldNext fieldUse service serviceEnd serviceKind traceId traceIdEnd traceIdKind spanId spanIdEnd spanIdKind
  agentId agentIdEnd agentIdKind body bodyEnd bodyKind lastField shapes defaultStart defaultEnd defaultKind
  minute textMinute textPoint textZone levels textLevels webMinute`
const doubles = 4
const readTimePlace = 0
const minutePlace = 1
const textMinutePlace = 2
const webMinutePlace = 3

/** `Shape`: number of fields, places of the roles, then keys, new keys and kinds. */
const shapes = 16
const shapeBytes = 320
const keysAt = 8
const newKeysAt = 40
const kindsAt = 288
const mostFields = 32
const minuteBytes = 16
const webMinuteBytes = 32
const levelSlots = 64
const levelNumbers = 4
const letterZ = 0x5a
const colon = 0x3a
const slash = 0x2f
const point = 0x2e
const comma = 0x2c
const space = 0x20

let module: WebAssembly.Module | undefined

/**
 * What the last rows were like. Rows of one program mostly look alike: then what a name means need not be asked again, and a kernel
 * fills the columns. It learns objects in which each role has one candidate at most, and lines that begin with a time and a level.
 */
export class Likeness {
  /** What it takes of a workspace, at most. */
  static readonly bytes = 16 * 1024
  readonly #workspace: Workspace
  readonly #run: (call: number, row: number) => number
  readonly #call: Call
  readonly #doubles: Float64Array
  readonly #shapes: Int32Array
  /** The bytes of `#shapes`. */
  readonly #kinds: Uint8Array
  readonly #minute: Uint8Array
  readonly #textMinute: Uint8Array
  readonly #webMinute: Uint8Array
  readonly #levels: Int32Array
  readonly #textLevels: Int32Array

  /** Undefined where the workspace has no room for it. */
  static in(workspace: Workspace): Likeness | undefined {
    return workspace.free < Likeness.bytes ? undefined : new Likeness(workspace)
  }

  private constructor(workspace: Workspace) {
    const { buffer, memory } = workspace
    this.#workspace = workspace
    this.#call = new Call(workspace, doubles, layout)
    this.#doubles = this.#call.doubles
    const numbers = (name: string, count: number): Int32Array => {
      const address = workspace.take(count * 4)
      this.#call.set(name, address)
      return new Int32Array(buffer, address, count)
    }
    this.#levels = numbers('levels', levelSlots * levelNumbers)
    this.#textLevels = numbers('textLevels', levelSlots * levelNumbers)
    this.#shapes = numbers('shapes', (shapes * shapeBytes) / 4)
    this.#kinds = new Uint8Array(buffer, this.#shapes.byteOffset, shapes * shapeBytes)
    this.#minute = new Uint8Array(buffer, numbers('minute', minuteBytes / 4).byteOffset, minuteBytes)
    this.#textMinute = new Uint8Array(buffer, numbers('textMinute', minuteBytes / 4).byteOffset, minuteBytes)
    this.#webMinute = new Uint8Array(buffer, numbers('webMinute', webMinuteBytes / 4).byteOffset, webMinuteBytes)
    module ??= new WebAssembly.Module(Buffer.from(normalizeWasm, 'base64'))
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    this.#run = exports['apply'] as (call: number, row: number) => number
  }

  /** Whether the rows of a batch can be filled: its bytes, columns and marks must lie in the workspace. */
  canApply(batch: Batch): boolean {
    const { workspace, marks, isUtf8 } = batch
    return workspace === this.#workspace && isUtf8 && batch.inWorkspace && marks.buffer === workspace.buffer
  }

  /** To be called before each batch. The last three are the service of rows that name none. */
  open(batch: Batch, start: number, end: number, kind: number): void {
    this.#call.setColumns(batch)
    this.#call.set('rows', batch.rows)
    this.#call.set('marksAt', batch.marks.byteOffset)
    this.#call.set('defaultStart', start)
    this.#call.set('defaultEnd', end)
    this.#call.set('defaultKind', kind)
    this.#doubles[readTimePlace] = batch.readTime
  }

  /** Fills rows from `row` on; returns the first that it did not. */
  apply(row: number): number {
    return this.#run(this.#call.address, row)
  }

  /** Ids of names have become void. */
  forget(): void {
    this.#shapes.fill(0)
  }

  /** Learns the names and kinds of a row's fields, before the names are changed, and which of them play roles. Returns the shape, or -1
   * for a row that is learned by none. */
  learnNames(batch: Batch, row: number, found: Found): number {
    if (roleOrder.some(role => found.isContested(role))) return -1
    const first = batch.firstField[row]!
    const last = batch.lastField[row]!
    const count = last - first + 1
    if (count < 1 || count > mostFields) return -1
    const shape = ((last - first + batch.fieldKey[last]!) & (shapes - 1)) * (shapeBytes / 4)
    const into = this.#shapes
    into[shape] = 0
    for (const [place, role] of roleOrder.entries()) {
      into[shape + 1 + place] = found.has(role) ? found.first(role) - first : -1
    }
    for (let i = 0, field = first; i < count; i++, field++) {
      if (batch.fieldNext[field] !== (field === last ? -1 : field + 1)) return -1
      into[shape + keysAt + i] = batch.fieldKey[field]!
      this.#kinds[shape * 4 + kindsAt + i] = batch.fieldKind[field]!
    }
    const isTextual = [Role.service, Role.agent].every(role => this.#kindOf(shape, role) !== Kind.boolean)
    return isTextual ? shape : -1
  }

  /** Learns what the names of the same row have become. */
  learnRenames(shape: number, batch: Batch, row: number): void {
    const first = batch.firstField[row]!
    const count = batch.lastField[row]! - first + 1
    for (let i = 0; i < count; i++) this.#shapes[shape + newKeysAt + i] = batch.fieldKey[first + i]!
    this.#shapes[shape] = count
  }

  /** Learns the minute of the time `ms` that stands in `[start, end)`, if it is of the form `2026-11-22T10:00:00.123Z` or
   * `22/Nov/2026:10:00:00 +0000`. */
  learnMinute({ bytes }: Batch, start: number, end: number, ms: number): void {
    if (end - start === 26 && bytes[start + 2] === slash && bytes[start + 17] === colon) {
      const seconds = twoDigits(bytes, start + 18, end)
      if (seconds < 0 || seconds > 59) return
      this.#webMinute.set(bytes.subarray(start, end))
      this.#doubles[webMinutePlace] = ms - seconds * 1000
      return
    }
    if (end - start !== 24 || bytes[start + 23] !== letterZ || bytes[start + 19] !== point) return
    const rest = secondsAt(bytes, start + 16)
    if (rest < 0) return
    this.#minute.set(bytes.subarray(start, start + minuteBytes))
    this.#doubles[minutePlace] = ms - rest
  }

  /** Learns the severity of a word. */
  learnLevel(batch: Batch, start: number, end: number, severity: number): void {
    learnWord(this.#levels, batch, start, end, severity)
  }

  /** Learns the beginning of a line: a time of 23 bytes, or 24 with a `Z`, that ends at `end`, a blank, the word of its level, a
   * blank. */
  learnLine(batch: Batch, row: number, end: number): void {
    const { bytes } = batch
    const start = batch.starts[row]!
    const hasZone = end - start === 24 && bytes[end - 1] === letterZ
    const sign = bytes[start + 19]!
    if ((!hasZone && end - start !== 23) || (sign !== point && sign !== comma) || bytes[end] !== space) return
    const rest = secondsAt(bytes, start + 16)
    let word = end + 1
    while (word < batch.ends[row]! && bytes[word]! >= 0x41 && bytes[word]! <= 0x5a) word++
    if (rest < 0 || word === batch.ends[row] || bytes[word] !== space) return
    learnWord(this.#textLevels, batch, end + 1, word, severityInText(bytes, end + 1, word))
    this.#textMinute.set(bytes.subarray(start, start + minuteBytes))
    this.#doubles[textMinutePlace] = batch.time[row]! - rest
    this.#call.set('textPoint', sign)
    this.#call.set('textZone', hasZone ? letterZ : 0)
  }

  #kindOf(shape: number, role: number): number {
    const field = this.#shapes[shape + 1 + roleOrder.indexOf(role)]!
    return field < 0 ? Kind.absent : this.#kinds[shape * 4 + kindsAt + field]!
  }
}

/** As in `Shape`. */
const roleOrder: readonly number[] = [Role.time, Role.level, Role.service, Role.trace, Role.span, Role.agent, Role.body]

/** Words of four to eight bytes are told by their length, first and last four bytes. */
function learnWord(table: Int32Array, { bytes }: Batch, start: number, end: number, severity: number): void {
  const length = end - start
  if (length < 4 || length > 8 || severity === 0) return
  // numbers mean different levels in different fields
  for (let at = start; at < end; at++) if (((bytes[at]! | 0x20) - 0x61) >>> 0 > 25) return
  const first = bytes.readInt32LE(start)
  const last = bytes.readInt32LE(end - 4)
  const slot = ((first ^ (first >> 7) ^ (last >> 11) ^ length) & (levelSlots - 1)) * levelNumbers
  table[slot] = first
  table[slot + 1] = last
  table[slot + 2] = length
  table[slot + 3] = severity
}

/** Milliseconds that `:00.123` says, whatever its point is; -1 where it does not stand here. */
function secondsAt(bytes: Uint8Array, at: number): number {
  const seconds = twoDigits(bytes, at + 1, at + 3)
  const hundredths = twoDigits(bytes, at + 4, at + 6)
  const thousandths = bytes[at + 6]! - 0x30
  if (bytes[at] !== colon || seconds < 0 || hundredths < 0 || thousandths >>> 0 > 9) return -1
  return seconds * 1000 + hundredths * 10 + thousandths
}
