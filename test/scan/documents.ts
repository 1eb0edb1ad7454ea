import { maxDepth } from '../../src/scan/json-reader.ts'

/** Whole numbers below the given one, the same in every run. */
export type Random = (below: number) => number

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const longNames = ['kubernetes.pod.name', 'kubernetes.pad.name', 'kubernetes.pod.nome', 'kubernetes.pod_name']
const names = [
  'a',
  'b',
  'level',
  'service',
  'service.name',
  'log',
  'name',
  'level',
  'trace_id',
  'message',
  '@timestamp',
  ...longNames
]
const oddNames = [
  '',
  '_',
  '\\u0061',
  '\\u0062',
  'n\\u0061me',
  '名',
  '\\u540d',
  'a\\nb',
  '\\ud800',
  '\\ud801',
  '�',
  '\\"',
  'service.name_2'
]
const texts = [
  '',
  'x',
  'plain text',
  'with \\"quotes\\"',
  '\\\\',
  'é',
  '订单',
  '😀',
  '\\ud83d\\ude00',
  '\\ud800',
  '\\/\\b\\f\\n\\r\\t'
]
const numbers = ['0', '-0', '1', '12.5', '-1e5', '1E+5', '1e-400', '123456789012345678901234567890', '0.0', '10']
const spaces = ['', '', '', '', '', ' ', '\t', '  ', '\r', '\n ']

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)]!
}

/** A text that mostly is a valid JSON object. */
export function document(random: Random): Buffer {
  const spaced = random(3) === 0
  const space = () => (spaced ? pick(random, spaces) : '')
  const name = () =>
    random(6) === 0 ? pick(random, oddNames) : random(8) === 0 ? `k${random(400)}` : pick(random, names)
  const members = (depth: number): string => {
    const used = new Set<string>()
    const parts: string[] = []
    for (let left = random(depth === 0 ? 7 : 4); left > 0; left--) {
      const key = name()
      if (used.has(key) && random(20) > 0) continue
      used.add(key)
      parts.push(`${space()}"${key}"${space()}:${space()}${value(depth + 1)}${space()}`)
    }
    return `{${parts.length > 0 ? parts.join(',') : space()}}`
  }
  const value = (depth: number): string => {
    const kind = random(depth < 4 ? 12 : 8)
    if (kind < 4) return `"${pick(random, texts)}"`
    if (kind < 6) return pick(random, numbers)
    if (kind < 8) return pick(random, ['true', 'false', 'null'])
    if (kind < 11) return members(depth)
    const items = Array.from({ length: random(4) }, () => `${space()}${value(depth + 1)}${space()}`)
    return `[${items.length > 0 ? items.join(',') : space()}]`
  }
  const object = space() + members(0) + space()
  return Buffer.from(random(200) === 0 ? object.replace('{', `{"deep":${deep(random)},`) : object)
}

function deep(random: Random): string {
  const depth = maxDepth - 3 + random(6)
  return random(2) === 0 ? '['.repeat(depth) + ']'.repeat(depth) : '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
}

const signs = Array.from('"\\{}[],: \t\r0-.eu\u0000\u001f\u007f\u00a0\ufeff\'')
const words = [
  'true',
  'null',
  'NaN',
  '//',
  '\\u00',
  '\\ud8',
  '\\x',
  '\\u0022',
  '"":1',
  '"a":1,',
  '"a":{"a":1},',
  ',"level":"x"'
]
const pieces = [...signs, ...words].map(piece => Buffer.from(piece))
const bytes = [0x80, 0xbf, 0xc0, 0xc3, 0xe4, 0xed, 0xf0, 0xf5, 0xff].map(byte => Buffer.from([byte]))

/** The same with a fault or two, or just another spelling. */
export function mutated(random: Random, from: Buffer): Buffer {
  let text = from
  for (let left = 1 + random(2); left > 0; left--) {
    const at = random(text.length + 1)
    const kind = random(6)
    if (kind === 0) text = splice(text, at, at + 1, Buffer.from([random(256)]))
    else if (kind === 1) text = splice(text, at, Math.min(text.length, at + 1 + random(4)), Buffer.alloc(0))
    else if (kind === 2) text = text.subarray(0, at)
    else if (kind === 3) text = splice(text, at, at, pick(random, bytes))
    else text = splice(text, at, at, pick(random, pieces))
  }
  return text
}

function splice(text: Buffer, start: number, end: number, piece: Buffer): Buffer {
  return Buffer.concat([text.subarray(0, start), piece, text.subarray(end)])
}
