import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { fastGzip, gzip } from '../../src/outputs/gzip.ts'

const piece = 131_072

function noise(length: number, values: number, seed: number): Buffer {
  let state = seed
  return Buffer.from(
    Array.from({ length }, () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8) % values)
  )
}

test('gzip kernel is what its source compiles to', async () => {
  const file = new URL('../../src/outputs/deflate.wasm.ts', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(await compile('deflate'))
}, 60_000)

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

test.each([0, 1, 2, 3, 7, 8, 9, 32_767, 32_768, 32_769, piece - 1, piece, piece + 1, 2 * piece, 3 * piece + 5])(
  'gzip gives back %d bytes of every kind',
  length => {
    for (const values of [1, 2, 4, 30, 256]) {
      const bytes = noise(length, values, 7)
      expect(gunzipSync(fastGzip(bytes)).equals(bytes)).toBe(true)
    }
  }
)

test('gzip finds repeats up to the window and keeps bodies apart', () => {
  const once = noise(30_000, 256, 3)
  const twice = Buffer.concat([once, once])
  expect(fastGzip(twice).length).toBeLessThan(31_500)
  expect(fastGzip(twice).equals(fastGzip(twice))).toBe(true)
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
