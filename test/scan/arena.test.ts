import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { Batch } from '../../src/core/batch.ts'
import { Arena, noMark } from '../../src/scan/arena.ts'
import { type Random, randomOf } from './documents.ts'

interface Index {
  readonly marks: number[]
  readonly ends: number[]
  readonly behind: number[]
  readonly isUtf8: boolean
}

function naiveIndex(bytes: Buffer): Index {
  const marks: number[] = []
  const ends: number[] = []
  const behind: number[] = []
  for (const [at, byte] of bytes.entries()) {
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) continue
    marks.push(at)
    if (byte !== 0x0a) continue
    ends.push(at)
    behind.push(marks.length)
  }
  return { marks: [...marks, noMark], ends, behind, isUtf8: isUtf8(bytes) }
}

function indexOf(arena: Arena, batch: Batch): Index {
  arena.index(batch)
  const { count, ends, marks } = arena.lines
  const closed = batch.marks.indexOf(noMark) + 1
  return {
    marks: [...batch.marks.subarray(0, closed)],
    ends: [...ends.subarray(0, count)],
    behind: [...marks.subarray(0, count)],
    isUtf8: batch.isUtf8
  }
}

function batchOf(arena: Arena, text: Buffer): Batch {
  const batch = arena.newBatch()
  text.copy(batch.bytes)
  batch.size = text.length
  batch.clear()
  return batch
}

function randomBytes(random: Random, length: number): Buffer {
  const dense = random(4)
  const common = Buffer.from('"\\\n\r\t\u0000\u001f !#[]~')
  const some = (): number => {
    if (dense === 0) return common[random(3)]!
    if (random(dense * 4) === 0) return common[random(common.length)]!
    return random(30) === 0 ? random(256) : 0x20 + random(95)
  }
  return Buffer.from(Array.from({ length }, some))
}

describe('arena', () => {
  test('the committed kernel is what its source compiles to', async () => {
    const committed = readFileSync(new URL('../../src/scan/structure.wasm.ts', import.meta.url), 'utf8')
    expect(await compile('structure')).toBe(committed)
  })

  test('kernel, JavaScript and a naive loop find the same, whatever the bytes behind the end', () => {
    const random = randomOf(1)
    const arena = new Arena(1024)
    const other = new Arena(1024)
    for (let round = 0; round < 1500; round++) {
      const text = randomBytes(random, random(round % 10 === 0 ? 4097 : 300))
      arena.bytes.fill(random(256))
      const batch = batchOf(arena, text)
      const copy = new Batch(Buffer.concat([text, Buffer.from('"\n\\ä')]))
      copy.size = text.length
      const found = indexOf(arena, batch)
      expect(indexOf(other, copy)).toEqual(found)
      const { isUtf8, ...naive } = naiveIndex(text)
      expect(found).toMatchObject(naive)
      if (isUtf8) expect(found.isUtf8).toBe(true)
    }
  })

  test('a full arena of nothing but line ends fits', () => {
    const arena = new Arena(1024)
    const batch = batchOf(arena, Buffer.alloc(arena.bytes.length, '\n'))
    const found = indexOf(arena, batch)
    expect(found.ends.length).toBe(4096)
    expect(found.behind.at(-1)).toBe(4096)
    expect(found.marks.at(-1)).toBe(noMark)
  })

  test.each([
    ['', true],
    ['plain\n', true],
    ['é\n', true],
    ['é 订单 😀', true],
    ['\xff\n', false],
    ['\xc3\n', false],
    ['ok\n\x80', false],
    ['ok\n\xc3', true],
    ['ok\n\xe4\xb8', true],
    ['ok\n\xf0\x9f\x98', true],
    ['ok\n\xe4\xb8\x80\x80', false],
    ['\xe4\xb8\n\xe4\xb8', false],
    ['\x80\x80\x80', false]
  ])('says of %j that it is UTF-8, but for a character cut by the end: %s', (text, wanted) => {
    const arena = new Arena(1024)
    const bytes = /[^\0-\xff]/.test(text) || text === 'é\n' ? Buffer.from(text) : Buffer.from(text, 'latin1')
    const batch = batchOf(arena, bytes)
    arena.index(batch)
    expect(batch.isUtf8).toBe(wanted)
  })

  test('appends the marks of overlay spans, in the arena and out of it', () => {
    const random = randomOf(2)
    for (let round = 0; round < 100; round++) {
      const arena = new Arena(1024)
      const batch = batchOf(arena, randomBytes(random, random(1024)))
      const wanted = naiveIndex(batch.bytes.subarray(0, batch.size))
      arena.index(batch)
      const all = wanted.marks.slice(0, -1)
      for (let span = 0; span < 12; span++) {
        const text = randomBytes(random, random(900))
        const start = batch.overlay(text.length)
        text.copy(batch.bytes, start)
        expect(arena.indexSpan(batch, start, start + text.length)).toBe(all.length)
        all.push(
          ...naiveIndex(text)
            .marks.slice(0, -1)
            .map(mark => mark + start)
        )
        expect([...batch.marks.subarray(0, all.length + 1)]).toEqual([...all, noMark])
        if (!isUtf8(text)) expect(batch.isUtf8).toBe(false)
      }
      expect([...arena.lines.ends.subarray(0, arena.lines.count)]).toEqual(wanted.ends)
      expect([...arena.lines.marks.subarray(0, arena.lines.count)]).toEqual(wanted.behind)
    }
  })
})
