import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batch, Flag, parseErrors } from '../../src/core/batch.ts'
import type { Framer } from '../../src/core/steps.ts'
import { ContainerFramer } from '../../src/inputs/framing/containers.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import { LineFramer, type LineOptions } from '../../src/inputs/framing/lines.ts'
import { Arena } from '../../src/scan/arena.ts'

const arena = new Arena(8192)
const batch = new Batch(arena.bytes)

interface Row {
  readonly text: string
  readonly position: number
  readonly length: number
  readonly flags: number
  readonly error: string
  readonly time: number
  readonly nanos: number
}

/** Frames bytes that arrive in pieces of these sizes, over and over. */
function frame(framer: Framer, input: Buffer, sizes: readonly number[], cuts: readonly number[] = []): Row[] {
  const rows: Row[] = []
  let base = 0
  let carry = Buffer.alloc(0)
  const process = (size: number, final: boolean): void => {
    batch.bytes = arena.bytes
    carry.copy(arena.bytes)
    batch.size = size
    batch.base = base
    batch.clear()
    arena.index(batch)
    const cutAt = cuts.find(cut => cut > base) ?? Infinity
    const next = framer.frame(batch, arena.lines, cutAt, final)
    expect(next).toBeLessThanOrEqual(size)
    carry = Buffer.from(batch.bytes.subarray(next, size))
    base += next
    for (let row = 0; row < batch.rows; row++) rows.push(readRow(row))
  }
  for (let at = 0, i = 0; at < input.length; i++) {
    const nextCut = cuts.find(cut => cut > base) ?? Infinity
    const size = Math.min(sizes[i % sizes.length]!, input.length - at, nextCut - at, 8192 - carry.length)
    input.copy(arena.bytes, carry.length, at, at + size)
    at += size
    process(carry.length + size, false)
  }
  process(carry.length, true)
  expect(framer.heldFrom).toBe(Infinity)
  expect(framer.heldBytes).toBe(0)
  return rows
}

function readRow(row: number): Row {
  const start = batch.starts[row]!
  const end = batch.ends[row]!
  expectMarks(row, start, end)
  const hasTime = (batch.flags[row]! & Flag.hasTime) !== 0
  return {
    text: batch.bytes.latin1Slice(start, end),
    position: batch.positions[row]!,
    length: batch.lengths[row]!,
    flags: batch.flags[row]!,
    error: parseErrors[batch.errors[row]!]!,
    time: hasTime ? batch.time[row]! : 0,
    nanos: hasTime ? batch.nanos[row]! : 0
  }
}

/** The row's marks are its quotes, backslashes and control characters. */
function expectMarks(row: number, start: number, end: number): void {
  let mark = batch.mark[row]!
  for (let at = start; at < end; at++) {
    const byte = batch.bytes[at]!
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) expect(batch.marks[mark++]).toBe(at)
  }
  expect(batch.marks[mark]!).toBeGreaterThanOrEqual(end)
}

const lines = (more: Partial<LineOptions> = {}): LineFramer =>
  new LineFramer({ maxLineBytes: 40, holdBytes: 16, arena, ...more })
const containers = (more: Partial<LineOptions> = {}): ContainerFramer =>
  new ContainerFramer({ maxLineBytes: 40, holdBytes: 64, arena, ...more })
const texts = (rows: readonly Row[]): string[] => rows.map(row => row.text)

test('line framer cuts at LF and CRLF, and nowhere else', () => {
  const rows = frame(lines(), Buffer.from('a\r\nb\rc\n\n\r\nd'), [100])
  expect(texts(rows)).toEqual(['a', 'b\rc', 'd'])
  expect(rows.map(row => [row.position, row.length])).toEqual([
    [0, 3],
    [3, 4],
    [10, 1]
  ])
  expect(rows.map(row => row.flags)).toEqual([0, 0, Flag.unterminated])
})

test('line framer cuts long lines between characters and skips their rest', () => {
  const truncatedRows = { value: 0 }
  const input = Buffer.from(`${'ä'.repeat(30)}\n${'x'.repeat(39)}ä${'y'.repeat(500)}\nnext\n`)
  const rows = frame(lines({ truncatedRows }), input, [7])
  expect(rows.map(row => Buffer.from(row.text, 'latin1').toString())).toEqual(['ä'.repeat(20), 'x'.repeat(39), 'next'])
  expect(rows.map(row => row.length)).toEqual([61, 542, 5])
  expect(rows.map(row => row.flags)).toEqual([Flag.truncated, Flag.truncated, 0])
  expect(truncatedRows.value).toBe(2)
})

test('line framer skips and counts NULs in front of a line', () => {
  const nulBytes = { value: 0 }
  const input = Buffer.concat([Buffer.from('a\n'), Buffer.alloc(5000), Buffer.from('b\0c\n'), Buffer.alloc(70)])
  const rows = frame(lines({ nulBytes }), input, [33])
  expect(texts(rows)).toEqual(['a', 'b\0c'])
  expect(rows[1]!.position).toBe(5002)
  expect(nulBytes.value).toBe(5070)
})

test('line framer obeys stored cuts', () => {
  for (const size of [1, 3, 100]) {
    const rows = frame(lines(), Buffer.from('one\nhalf rest\nlast\n'), [size], [8, 14])
    expect(texts(rows)).toEqual(['one', 'half', ' rest', 'last'])
    expect(rows[1]!.flags).toBe(Flag.unterminated)
  }
})

test('line framer keeps no more than its budget', () => {
  const budget = new HeldBudget(2048)
  const rows = frame(lines({ maxLineBytes: 100_000, budget }), Buffer.from(`${'x'.repeat(50_000)}\nnext\n`), [1000])
  expect(budget.used).toBe(0)
  expect(rows.map(row => row.length)).toEqual([50_001, 5])
  expect(rows[0]!.flags).toBe(Flag.truncated)
  expect(rows[0]!.text.length).toBeLessThanOrEqual(2048)
})

const time = '2026-11-22T10:00:00.123456789Z'
const docker = (text: string, stream = 'stdout'): string => `${JSON.stringify({ log: text, stream, time })}\n`
const cri = (text: string, tag = 'F', stream = 'stdout'): string => `${time} ${stream} ${tag} ${text}\n`

test('container framer reads Docker lines', () => {
  const labels = `{"log":"l\\n","stream":"stdout","attrs":{"a":"b"},"time":"${time}"}\n`
  const input = docker('plain\n') + docker('{"a":"ü\\n"}\r\n', 'stderr') + docker('\n') + labels
  const rows = frame(containers(), Buffer.from(input), [1000])
  expect(rows.map(row => Buffer.from(row.text, 'latin1').toString())).toEqual(['plain', '{"a":"ü\\n"}', 'l'])
  expect(rows.map(row => row.flags)).toEqual([Flag.hasTime, Flag.hasTime | Flag.stderr, Flag.hasTime])
  expect(rows[0]).toMatchObject({ time: Date.parse('2026-11-22T10:00:00.123Z'), nanos: 456_789 })
})

test('container framer joins parts by stream', () => {
  const input =
    cri('a1 ', 'P') +
    cri('e1 ', 'P', 'stderr') +
    cri('a2', 'F') +
    cri('e2', 'F', 'stderr') +
    docker('d1 ') +
    docker('d2\n')
  for (const size of [1, 50, 1000]) {
    const rows = frame(containers(), Buffer.from(input), [size])
    expect(texts(rows)).toEqual(['a1 a2', 'e1 e2', 'd1 d2'])
    expect(rows[0]!.position).toBe(0)
    expect(rows[1]!.position).toBe(cri('a1 ', 'P').length)
  }
})

test('container framer keeps a line of neither format as it is', () => {
  const rows = frame(containers(), Buffer.from(`plain text\n${time} stdout X what\n{"log":1}\n${cri('ok')}`), [1000])
  expect(texts(rows)).toEqual(['plain text', `${time} stdout X what`.slice(0, 40), '{"log":1}', 'ok'])
  expect(rows.map(row => row.error)).toEqual(['container', 'container', 'container', ''])
})

test('container framer gives out a record that gets no end', () => {
  const other = cri('x', 'F', 'stderr')
  const framer = new ContainerFramer({ maxLineBytes: 40, arena }, 300)
  const rows = frame(framer, Buffer.from(cri('lost', 'P') + other.repeat(20)), [37])
  expect(texts(rows).filter(text => text === 'lost')).toHaveLength(1)
  expect(rows).toHaveLength(21)
  expect(texts(rows)[20]).toBe('x')
})

test('container framer gives parts out at the end, and at stored cuts', () => {
  const part = cri('part', 'P')
  const rows = frame(containers(), Buffer.from(part + cri('more', 'P') + cri('end')), [19], [part.length])
  expect(texts(rows)).toEqual(['part', 'moreend'])
  expect(texts(frame(containers(), Buffer.from(part), [1000]))).toEqual(['part'])
})

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('\n', '\r\n', '\r', '\0\0\0', '\0', 'ä', '\n\n', '"', '\\'),
  fc.string({ minLength: 40, maxLength: 200 })
)
const framed = fc.constantFrom('P', 'F').chain(tag =>
  fc
    .tuple(fc.string({ maxLength: 60 }), fc.constantFrom('stdout', 'stderr'), fc.boolean(), fc.boolean())
    .map(([text, stream, isDocker, hasReturn]) => {
      const clean = text.replaceAll('\n', ' ') + (hasReturn ? '\r' : '')
      return isDocker ? docker(tag === 'F' ? `${clean}\n` : clean, stream) : cri(clean, tag, stream)
    })
)

for (const [name, make, part] of [
  ['line', lines, piece],
  ['container', containers, fc.oneof({ arbitrary: framed, weight: 8 }, { arbitrary: piece, weight: 1 })]
] as const) {
  test(`${name} framer makes the same rows however the bytes are cut`, () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), sizes, (pieces, cut) => {
        const input = Buffer.from(pieces.join(''))
        const whole = frame(make(), input, [8192])
        expect(frame(make(), input, cut)).toEqual(whole)
      }),
      { numRuns: 1500 }
    )
  })

  test(`${name} framer makes the same rows at every chunk size from 1 to 64`, () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 20, maxLength: 40 }), pieces => {
        const input = Buffer.from(pieces.join(''))
        const whole = frame(make(), input, [8192])
        for (let size = 1; size <= 64; size++) expect(frame(make(), input, [size])).toEqual(whole)
      }),
      { numRuns: 15 }
    )
  })
}
