import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Flag } from '../../src/core/row.ts'
import { ContainerFramer } from '../../src/inputs/framing/containers.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import { LineFramer, type LineOptions } from '../../src/inputs/framing/lines.ts'
import { arena, batch, cutBytes, frame, load, type Row, sourceOf } from './frame.ts'

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
  expect(cutBytes).toBe(20 + 502)
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

test('line framer keeps no more than its budget, and reads again what it gave up', () => {
  const budget = new HeldBudget(2048)
  const input = Buffer.from(`${'x'.repeat(50_000)}\nnext\n`)
  const rows = frame(lines({ maxLineBytes: 100_000, budget }), input, [1000])
  expect(budget.used).toBe(0)
  expect(rows).toEqual(frame(lines({ maxLineBytes: 100_000 }), input, [1000]))
  expect(rows[0]).toMatchObject({ length: 50_001, flags: 0 })
})

test('framers give up the largest of what all of them hold', () => {
  const budget = new HeldBudget(5000)
  const [small, large] = [lines({ maxLineBytes: 9000, budget }), lines({ maxLineBytes: 9000, budget })]
  for (const [framer, bytes] of [
    [large, 4000],
    [small, 1500]
  ] as const) {
    load(Buffer.alloc(bytes, 0x78), 0)
    expect(framer.frame(batch, arena.lines, Infinity, false)).toBe(bytes)
  }
  expect(budget.used).toBe(1500)
  expect([small.heldBytes, large.heldBytes]).toEqual([1500, 1])
})

test('framers change nothing while what they gave up can not be read', () => {
  const part = cri('x'.repeat(1000), 'P')
  const input = Buffer.from(`${part}${cri('y')}plain\n`)
  const cases = [
    [lines, 900],
    [containers, 900],
    [containers, part.length]
  ] as const
  for (const [make, at] of cases) {
    const framer = make({ maxLineBytes: 5000, budget: new HeldBudget(1) })
    load(input.subarray(0, at), 0)
    expect(framer.frame(batch, arena.lines, Infinity, false)).toBe(at)
    expect(framer.heldBytes).toBe(1)
    load(input.subarray(at), at)
    batch.source = sourceOf(input, true)
    expect(framer.frame(batch, arena.lines, Infinity, false)).toBe(-1)
    expect([framer.heldFrom, batch.rows]).toEqual([0, 0])
    batch.source = sourceOf(input)
    expect(framer.frame(batch, arena.lines, Infinity, false)).toBe(input.length - at)
    expect([framer.heldFrom, batch.positions[0]]).toEqual([Infinity, 0])
  }
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

test('container framer counts what it cuts off, in one part and in several', () => {
  const long = 'x'.repeat(50)
  const input = docker(`${long}\n`) + cri(long, 'P') + cri(long, 'P') + cri('yy') + docker(`"${long}`) + docker('z\n')
  expect(texts(frame(containers(), Buffer.from(input), [33]))).toEqual([
    'x'.repeat(40),
    'x'.repeat(40),
    `"${'x'.repeat(39)}`
  ])
  expect(cutBytes).toBe(10 + (10 + 50 + 2) + (11 + 1))
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
        const whole = [frame(make(), input, [8192]), cutBytes]
        expect([frame(make(), input, cut), cutBytes]).toEqual(whole)
      }),
      { numRuns: 1500 }
    )
  })

  test(`${name} framer makes the same rows with any budget`, () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 })
    const parts = fc.array(part, { maxLength: 60 })
    const budget = new HeldBudget()
    fc.assert(
      fc.property(parts, sizes, fc.integer({ min: 0, max: 3000 }), (pieces, cut, maxBytes) => {
        const input = Buffer.from(pieces.join(''))
        budget.maxBytes = maxBytes
        const limited = [frame(make({ budget }), input, cut), cutBytes]
        expect(limited).toEqual([frame(make(), input, cut), cutBytes])
        expect(budget.used).toBe(0)
      }),
      { numRuns: 700 }
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
