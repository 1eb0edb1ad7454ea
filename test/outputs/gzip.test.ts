import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { fastGzip, gzip } from '../../src/outputs/gzip.ts'

const piece = 262_144
const window = 32_768

function noise(length: number, values: number, seed: number): Buffer {
  let state = seed
  return Buffer.from(
    Array.from({ length }, () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8) % values)
  )
}

test('gzip kernel is what its source compiles to', async () => {
  const file = new URL('../../src/outputs/deflate.wasm.ts', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(await compile('deflate'))
})

test('gzip gives back any bytes', () => {
  const text = fc.array(fc.constantFrom('{"level":"info"', 'a', 'bc', '"message":"', '\u20ac', '0123456789'), {
    maxLength: 400
  })
  fc.assert(
    fc.property(text, parts => {
      const bytes = Buffer.from(parts.join(''))
      expect(gunzipSync(fastGzip(bytes)).equals(bytes)).toBe(true)
    }),
    { numRuns: 300 }
  )
})

/** Text as logs have it and what they have not, one after the other: repeats at any distance of any length, runs, noise. */
const mixture = fc.array(
  fc.record({
    kind: fc.constantFrom('run', 'noise', 'repeat', 'text'),
    length: fc.oneof(
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 250, max: 270 }),
      fc.constantFrom(515, 516, 517, 8192, 16_384, window, window + 1, piece / 2, piece),
      fc.integer({ min: 0, max: 40_000 })
    ),
    distance: fc.oneof(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: window - 4, max: window + 4 }),
      fc.integer({ min: 1, max: 70_000 })
    ),
    values: fc.constantFrom(2, 16, 64, 256)
  }),
  { maxLength: 14 }
)
type Part = typeof mixture extends fc.Arbitrary<(infer P)[]> ? P : never

function bytesOf(parts: readonly Part[]): Buffer {
  const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const [i, { kind, length, distance, values }] of parts.entries()) {
    const end = at + length
    if (kind === 'run') bytes.fill(values & 255, at, end)
    else if (kind === 'noise') noise(length, values, i + distance).copy(bytes, at)
    else if (kind === 'text') bytes.fill(`{"id":${i},"@timestamp":"2026-11-20T00:00:0${values}Z"}\n`, at, end)
    else for (let k = at; k < end; k++) bytes[k] = k < distance ? 1 : bytes[k - distance]!
    at = end
  }
  return bytes
}

test('gzip gives back any mixture, across pieces and at the ends of the window', () => {
  fc.assert(
    fc.property(mixture, parts => {
      const bytes = bytesOf(parts)
      const packed = fastGzip(bytes)
      expect(gunzipSync(packed).equals(bytes)).toBe(true)
      expect(packed.length).toBeLessThanOrEqual(bytes.length * 1.5 + 1024)
    }),
    { numRuns: 150 }
  )
})

test('gzip gives back what is nothing like the beginning of its piece', () => {
  const bytes = Buffer.concat([Buffer.alloc(piece / 2, 'level=info '), noise(piece * 2, 256, 9)])
  for (const from of [0, 1, piece / 4, piece / 2]) {
    const part = bytes.subarray(from)
    const packed = fastGzip(part)
    expect(gunzipSync(packed).equals(part)).toBe(true)
    expect(packed.length).toBeLessThanOrEqual(part.length * 1.5 + 1024)
  }
})

test('gzip gives back every length up to a few records', () => {
  const text = Buffer.from('abcabcabcabcdefdefdefdef'.repeat(20))
  for (let length = 0; length < text.length; length++) {
    for (const bytes of [text.subarray(0, length), Buffer.alloc(length), noise(length, 256, 5)]) {
      expect(gunzipSync(fastGzip(bytes)).equals(bytes)).toBe(true)
    }
  }
})

const half = piece / 2
test.each([
  0,
  1,
  9,
  window - 1,
  window,
  window + 1,
  half - 1,
  half,
  half + 1,
  piece - 1,
  piece,
  piece + 1,
  3 * piece + 5
])('gzip gives back %d bytes of every kind', length => {
  for (const values of [1, 2, 4, 30, 256]) {
    const bytes = noise(length, values, 7)
    expect(gunzipSync(fastGzip(bytes)).equals(bytes)).toBe(true)
  }
})

test('gzip finds repeats within the window and keeps bodies apart', () => {
  const once = noise(20_000, 256, 3)
  const often = Buffer.concat(Array.from({ length: 8 }, () => once))
  // The second half of a piece knows little of the first.
  expect(fastGzip(often).length).toBeLessThan(44_000)
  expect(fastGzip(often).equals(fastGzip(often))).toBe(true)
})

test('gzip copes with codes that want to be longer than 15 bits', () => {
  // Fibonacci counts make the deepest tree.
  const parts: Buffer[] = []
  for (let i = 0, a = 1, b = 1; i < 24; i++, [a, b] = [b, a + b]) parts.push(Buffer.alloc(a, i + 1))
  const bytes = Buffer.concat(parts).subarray(0, 120_000)
  const mixed = Buffer.from(bytes.map((_, i) => bytes[(i * 7919) % bytes.length]!))
  expect(gunzipSync(fastGzip(mixed)).equals(mixed)).toBe(true)
})

test('gzip uses zlib above level 1', async () => {
  const bytes = noise(100_000, 30, 5)
  expect(gunzipSync(await gzip(bytes, 6)).equals(bytes)).toBe(true)
})
