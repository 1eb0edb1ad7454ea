import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FollowPlan } from '../../src/config/define.ts'
import { Flag } from '../../src/core/row.ts'
import type { Framer } from '../../src/core/steps.ts'
import { framerOf } from '../../src/inputs/framing/framer.ts'
import type { Multiline } from '../../src/inputs/framing/groupings.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import { encode } from '../fakes/encode.ts'
import { tempFolder } from '../fakes/folder.ts'
import { multilineNow } from '../fakes/multiline.ts'
import { MemoryLink } from '../fakes/state-link.ts'
import { arena, batch, cutBytes, frame, frameFrom, load, type Row } from './frame.ts'
import { olderThanRun } from './logs.ts'
import { followInput, Run } from './run.ts'

const nulBytes = { value: 0 }

type Plan = Pick<FollowPlan, 'encoding' | 'lineEnd'> & {
  multiline?: Multiline
  maxLineBytes?: number
  budget?: HeldBudget
}

function make(plan: Plan = {}): Framer {
  const { budget = new HeldBudget(), ...rest } = plan
  return framerOf({ framing: 'lines', maxLineBytes: 200, ...rest }, { arena, budget, nulBytes, holdBytes: 32 })
}

function texts(rows: readonly Row[]): string[] {
  return rows.map(row => Buffer.from(row.text, 'latin1').toString())
}

const lines = ['first', '{"a":"b\\n"}', 'größe çà', ' ', 'x'.repeat(90), 'last']
const asian = ['値段', 'ready 日本語 "yes"', 'a', 'が'.repeat(40), 'ソ能表', 'end']
const cases: readonly (readonly [encoding: string, mark: string, lines: readonly string[]])[] = [
  ['utf-8', '', [...lines, '😀 値段']],
  ['utf-8', '\ufeff', [...lines, '\ufeffin front', '😀']],
  ['utf-16le', '', [...lines, '😀 値段', 'ਊ਍Ċč \u0a0a\u0d0d', '\ufeffin front']],
  ['utf-16le', '\ufeff', [...lines, '😀 値段', 'ਊ਍Ċč \u0a0a\u0d0d']],
  ['utf-16be', '', [...lines, '😀 値段', 'ਊ਍Ċč \u0a0a\u0d0d']],
  ['utf-16be', '\ufeff', [...lines, '😀 値段', 'ਊ਍Ċč \u0a0a\u0d0d']],
  ['latin1', '', lines],
  ['shift_jis', '', asian],
  ['gb18030', '', [...asian.slice(0, 3), '价格', 'end']],
  ['euc-jp', '', asian]
]
const lineEnds = [
  ['LF', '\n', 'lf'],
  ['CRLF', '\r\n', 'lf'],
  ['CR', '\r', 'cr']
] as const

describe.each(cases)('%s%s', (encoding, mark, content) => {
  describe.each(lineEnds)('with %s', (_name, end, lineEnd) => {
    const name = encoding === 'latin1' ? 'windows-1252' : encoding
    const plan = { encoding: name, lineEnd }
    const input = encode(mark + content.map(line => line + end).join(end), name)

    test('gives the text, at the places where it stands', () => {
      const rows = frame(make(plan), input, [8000])
      expect(texts(rows)).toEqual(content)
      for (const [index, row] of rows.entries()) {
        const before = encode(
          mark +
            content
              .slice(0, index)
              .map(line => line + end + end)
              .join(''),
          name
        )
        const own = encode(content[index]! + end, name)
        const [from, to] = index === 0 ? [0, before.length + own.length] : [before.length, before.length + own.length]
        expect([row.position, row.position + row.length]).toEqual([from, to])
        expect(row.flags).toBe(0)
      }
      expect(cutBytes).toBe(0)
    })

    test('gives the same however it is cut, and from each line on', () => {
      const whole = frame(make(plan), input, [8000])
      for (let size = 1; size <= 64; size++) expect(frame(make(plan), input, [size])).toEqual(whole)
      for (const { position } of whole) {
        const rest = frameFrom(make(plan), input, { from: position, sizes: [7, 100] })
        expect(rest).toEqual(whole.filter(row => row.position >= position))
      }
    })

    test('gives the same with any budget', () => {
      const whole = frame(make(plan), input, [8000])
      for (const maxBytes of [0, 40, 100]) {
        expect(frame(make({ ...plan, budget: new HeldBudget(maxBytes) }), input, [13])).toEqual(whole)
      }
    })
  })
})

test('a byte order mark says which UTF it is, whatever is configured', () => {
  for (const configured of ['utf-8', 'utf-16le', 'utf-16be']) {
    for (const encoding of ['utf-8', 'utf-16le', 'utf-16be']) {
      const input = encode('\ufeffone\nzwei ä\n', encoding)
      const plan = { encoding: configured }
      expect(texts(frame(make(plan), input, [1]))).toEqual(['one', 'zwei ä'])
      const [, second] = frame(make(plan), input, [100])
      expect(frameFrom(make(plan), input, { from: second!.position, sizes: [3] })).toEqual([second])
    }
  }
  expect(texts(frame(make({ encoding: 'windows-1252' }), Buffer.from([0xff, 0xfe, 0x0a]), [5]))).toEqual(['ÿþ'])
  expect(texts(frame(make(), Buffer.from('\ufeff\na\n'), [5]))).toEqual(['a'])
  expect(texts(frame(make(), Buffer.from([0xef, 0xbb]), [1]))).toEqual(
    ['\xef\xbb'].map(text => Buffer.from(text, 'latin1').toString())
  )
  load(Buffer.from('x\n'), 0)
  expect(make().frame(batch, arena.lines, Infinity, false)).toBe(2)
})

test('bytes that are none of the encoding become U+FFFD, and the row says so', () => {
  const sjis = Buffer.concat([Buffer.from('a'), Buffer.from([0x81]), Buffer.from('\nok\n')])
  const rows = frame(make({ encoding: 'shift_jis' }), sjis, [100])
  expect(texts(rows)).toEqual(['a\ufffd', 'ok'])
  expect(rows.map(row => [row.flags, row.position, row.length])).toEqual([
    [Flag.invalidUtf8, 0, 3],
    [0, 3, 3]
  ])
  const wide = Buffer.concat([encode('a', 'utf-16le'), Buffer.from([0x00, 0xd8]), encode('\n\ufffd\n', 'utf-16le')])
  expect(frame(make({ encoding: 'utf-16le' }), wide, [1]).map(row => row.flags)).toEqual([Flag.invalidUtf8, 0])
})

test('lines of other encodings are cut at max_line_bytes, between characters', () => {
  for (const encoding of ['utf-16le', 'utf-16be', 'shift_jis']) {
    const input = encode(`${'日'.repeat(150)}\nnext\n`, encoding)
    for (const size of [1, 50, 1000]) {
      const rows = frame(make({ encoding, maxLineBytes: 101 }), input, [size])
      expect(texts(rows).map(text => text.replaceAll('日', ''))).toEqual(['', 'next'])
      expect(rows.map(row => row.flags)).toEqual([Flag.truncated, 0])
      expect(rows[0]!.length).toBe(encode(`${'日'.repeat(150)}\n`, encoding).length)
    }
  }
})

test('a cut inside a character of two bytes leaves its halves, and nothing else is harmed', () => {
  const input = encode('one\nzwei\ndrei\n', 'utf-16le')
  for (const size of [1, 2, 3, 100]) {
    const rows = frame(make({ encoding: 'utf-16le' }), input, [size], [11])
    expect(texts(rows)).toEqual(['one', 'z\ufffd', '\ufffdei', 'drei'])
  }
})

test('NULs in front of lines are skipped, of two bytes as well', () => {
  nulBytes.value = 0
  const input = encode('\0\0a\n\0\0\0b\n', 'utf-16be')
  expect(texts(frame(make({ encoding: 'utf-16be' }), input, [100]))).toEqual(['a', 'b'])
  expect(nulBytes.value).toBe(10)
})

test('traces are one row in any encoding', () => {
  const trace = 'ERROR größe\njava.lang.Error: no\n\tat a.B.c(B.java:1)\n\n\nINFO ok'
  for (const encoding of ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']) {
    const plan = { encoding, multiline: multilineNow({ preset: 'auto' }) }
    for (const size of [1, 10, 1000]) {
      const rows = frame(make(plan), encode(`\ufeff${trace}\n`.slice(encoding === 'windows-1252' ? 1 : 0), encoding), [
        size
      ])
      expect(texts(rows)).toEqual(['ERROR größe\njava.lang.Error: no\n\tat a.B.c(B.java:1)', 'INFO ok'])
    }
  }
})

const any = fc.uint8Array({ maxLength: 600 }).map(bytes => Buffer.from(bytes))
const split = fc.array(
  fc.oneof(any, fc.constantFrom(Buffer.from('\n'), Buffer.from([10, 0]), Buffer.from([0, 10]), Buffer.from('\r\n'))),
  { maxLength: 40 }
)

test.each(['utf-8', 'utf-16le', 'utf-16be', 'shift_jis', 'gb18030', 'iso-2022-jp'])(
  'any bytes as %s are the same rows however they are cut',
  encoding => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 })
    const lineEnd = fc.constantFrom('lf' as const, 'cr' as const)
    fc.assert(
      fc.property(split, sizes, lineEnd, (pieces, cut, end) => {
        const input = Buffer.concat(pieces)
        const plan = { encoding, lineEnd: end }
        const whole = [frame(make(plan), input, [8000]), cutBytes]
        expect([frame(make(plan), input, cut), cutBytes]).toEqual(whole)
      }),
      { numRuns: 150 }
    )
  }
)

test.each(['utf-16le', 'utf-16be', 'utf-8'])('read_from counts lines of %s from the end', async encoding => {
  const path = join(tempFolder(), 'a.log')
  writeFileSync(
    path,
    encode(`\ufeff${Array.from({ length: 20_000 }, (_, n) => `line ${n} \u0a0a`).join('\n')}\n`, encoding)
  )
  await olderThanRun()
  const run = await new Run(followInput([path], { readFrom: 3 }), { link: new MemoryLink(), chunkBytes: 4096 }).start()
  await run.stop()
  expect(run.texts).toEqual([19_997, 19_998, 19_999].map(n => `line ${n} \u0a0a`))
})
