/** A part of a pattern: a key, and the text behind it. */
export interface DissectPart {
  /** Number of the field; -1: it is passed over. */
  readonly field: number
  /** Empty: what comes is the rest of the row. */
  readonly delimiter: Buffer
  /** The delimiter may stand there several times. */
  readonly isPadded: boolean
}

export interface DissectPlan {
  /** What a row begins with. */
  readonly lead: Buffer
  readonly parts: readonly DissectPart[]
  /** Names of the fields. Parts of one field follow each other, and what is between them belongs to it. */
  readonly names: readonly string[]
  /** Those that are numbers. */
  readonly numbers: ReadonlySet<string>
}

/** Reads a pattern as `%{time} [%{level}] %{?skipped} %{message}`; a string says what is wrong with it. */
export function readDissect(pattern: string): DissectPlan | string {
  const pieces = pattern.split(/%\{([^}]*)\}/)
  if (pieces.length === 1) return 'it has no key: %{name}'
  const parts: DissectPart[] = []
  const names: string[] = []
  const numbers = new Set<string>()
  let before: string | undefined
  for (let i = 1; i < pieces.length; i += 2) {
    const key = readKey(pieces[i]!)
    if (typeof key === 'string') return key
    const { name, isPadded, isNumber, isAppended } = key
    const delimiter = Buffer.from(pieces[i + 1]!)
    if (delimiter.length === 0 && i + 2 < pieces.length)
      return `nothing stands between "%{${pieces[i]!}}" and the next key`
    if (isAppended && before !== name)
      return `"+${name}" must follow "${name}", as only what stands side by side can be put together`
    if (name !== '' && !isAppended && names.includes(name)) return `the key "${name}" comes twice`
    if (name !== '' && !isAppended) names.push(name)
    if (isNumber) numbers.add(name)
    parts.push({ field: names.indexOf(name), delimiter, isPadded })
    before = name
  }
  if (names.length === 0) return 'all of its keys are passed over'
  return { lead: Buffer.from(pieces[0]!), parts, names, numbers }
}

interface Key {
  /** Empty: it is passed over. */
  readonly name: string
  readonly isPadded: boolean
  readonly isNumber: boolean
  readonly isAppended: boolean
}

/** `name`, `+name`, `?name`, with `->` behind it, or `|integer`. */
function readKey(text: string): Key | string {
  const [, sign, name, arrow, type] = /^([+?&*/]?)(.*?)(->)?(?:\|(\w+))?$/s.exec(text)!
  if (sign === '&' || sign === '*') return `"%{${text}}": keys that are in the row are not supported`
  if (sign === '/' || name!.includes('/')) return `"%{${text}}": the order of parts is not supported`
  if (sign === '+' && name === '') return `"%{${text}}" has no name`
  if (type !== undefined && !/^(integer|long|float|double|keyword)$/.test(type))
    return `"%{${text}}": the type "${type}" is not supported`
  const isNumber = type !== undefined && type !== 'keyword'
  return { name: sign === '?' ? '' : name!, isPadded: arrow !== undefined, isNumber, isAppended: sign === '+' }
}

/** Cuts rows at fixed texts. */
export class Dissector {
  /** Where field n begins is at 2n, where it ends at 2n + 1. */
  readonly slots: Int32Array
  readonly #plan: DissectPlan

  constructor(plan: DissectPlan) {
    this.#plan = plan
    this.slots = new Int32Array(plan.names.length * 2)
  }

  /** Whether all of the texts are in `bytes[start, end)`, in their order, and the row ends with the last one. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    const { lead, parts } = this.#plan
    const { slots } = this
    if (!stands(lead, bytes, start, end)) return false
    slots.fill(-1)
    let at = start + lead.length
    for (let i = 0; i < parts.length; i++) {
      const { field, delimiter, isPadded } = parts[i]!
      const from = at
      const to = delimiter.length === 0 ? end : indexOf(delimiter, bytes, from, end)
      if (to < 0) return false
      if (field >= 0) {
        if (slots[2 * field]! < 0) slots[2 * field] = from
        slots[2 * field + 1] = to
      }
      at = to + delimiter.length
      while (isPadded && delimiter.length > 0 && stands(delimiter, bytes, at, end)) at += delimiter.length
    }
    return at === end
  }
}

function stands(text: Uint8Array, bytes: Uint8Array, at: number, end: number): boolean {
  if (at + text.length > end) return false
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

function indexOf(text: Uint8Array, bytes: Uint8Array, from: number, end: number): number {
  const first = text[0]!
  for (let at = from; at < end; at++) if (bytes[at] === first && stands(text, bytes, at, end)) return at
  return -1
}
