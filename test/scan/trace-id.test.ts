import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batch } from '../../src/core/batch.ts'
import { Kind } from '../../src/core/row.ts'
import { TextIds } from '../../src/scan/text-ids.ts'
import { datadogIdOf, spanIdOf, traceIdOf, traceparentOf } from '../../src/scan/trace-id.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

/** A batch that holds the text, with hardly any room behind it. */
function batchOf(text: string): Batch {
  const batch = new Batch(Buffer.from(`${text}0123`))
  batch.size = Buffer.byteLength(text)
  batch.clear()
  return batch
}

function found(find: typeof traceIdOf, digits: number, text: string, kind: number = Kind.plain): string | undefined {
  const batch = batchOf(text)
  const at = find(batch, 0, batch.size, kind)
  return at < 0 ? undefined : batch.text(at, at + digits)
}

const parent = (text: string): string | undefined => found(traceparentOf, 49, text)

test('trace ids are 32 lower-case digits, whatever they were', () => {
  expect(found(traceIdOf, 32, trace)).toBe(trace)
  expect(found(traceIdOf, 32, trace.toUpperCase())).toBe(trace)
  expect(found(traceIdOf, 32, 'A3CE929D0E0E4736')).toBe('0000000000000000a3ce929d0e0e4736')
  expect(found(traceIdOf, 32, '4BF92F35-77b3-4da6-a3ce-929d0e0e4736')).toBe(trace)
})

test('a trace id in lower case is not copied', () => {
  const batch = batchOf(trace)
  expect(traceIdOf(batch, 0, 32, Kind.plain)).toBe(0)
  expect(batch.used).toBe(batch.size)
})

test('what is all zeros, or has another form, is no id', () => {
  const texts = [
    '0'.repeat(32),
    '0'.repeat(16),
    '00000000-0000-0000-0000-000000000000',
    'x'.repeat(32),
    `${trace}0`,
    ''
  ]
  for (const text of [
    ...texts,
    `${trace.slice(0, 31)}g`,
    `${trace.slice(0, 8)}-${trace.slice(8)}`,
    '4bf92f35-77b3-4da6-a3ce-929d0e0e473-'
  ]) {
    expect(found(traceIdOf, 32, text), text).toBeUndefined()
  }
  for (const kind of [Kind.number, Kind.jsonText, Kind.json]) expect(found(traceIdOf, 32, trace, kind)).toBeUndefined()
  for (const text of ['0'.repeat(16), span.slice(1), trace]) expect(found(spanIdOf, 16, text), text).toBeUndefined()
  expect(found(spanIdOf, 16, span.toUpperCase())).toBe(span)
})

test('traceparent gives the trace id and the span id', () => {
  expect(parent(`00-${trace}-${span}-01`)).toBe(`${trace}-${span}`)
  expect(parent(`00-${trace}-${span}-01`.toUpperCase())).toBe(`${trace}-${span}`)
  expect(parent(`01-${trace}-${span}-01-future`)).toBe(`${trace}-${span}`)
  const bad = [
    `00-${trace}-${span}-01-x`,
    `ff-${trace}-${span}-01`,
    `00-${trace}-${span}`,
    `00-${trace}-${span}-zz`,
    `0g-${trace}-${span}-01`
  ]
  for (const text of bad) expect(parent(text), text).toBeUndefined()
})

test('decimal ids become the digits that BigInt says', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 66n }), number => {
      const batch = batchOf(String(number))
      const fits = number > 0n && number < 2n ** 64n
      const digits = number.toString(16)
      const at = datadogIdOf(batch, 0, batch.size, 32)
      expect(at < 0 ? '' : batch.text(at, at + 32)).toBe(fits ? digits.padStart(32, '0') : '')
      const short = datadogIdOf(batch, 0, batch.size, 16)
      expect(short < 0 ? '' : batch.text(short, short + 16)).toBe(fits ? digits.padStart(16, '0') : '')
    }),
    { numRuns: 3000 }
  )
})

test('ids in text are those that a search by pattern finds', () => {
  const pieces = [
    `trace_id=${trace}`,
    `traceId="${trace}"`,
    `trace_id=\\"${trace}\\"`,
    `span_id=${span}`,
    `spanId=${span}`,
    'trace_id=0'
  ]
  const words = fc.constantFrom(
    ...pieces,
    'a=1',
    'id=2',
    'xtrace_id',
    'race_id=',
    'user_id=7',
    '=',
    'word',
    'trace.id=',
    'd='
  )
  const ids = new TextIds()
  fc.assert(
    fc.property(fc.array(fc.array(words, { maxLength: 6 }), { maxLength: 5 }), rows => {
      const lines = rows.map(row => row.join(' '))
      const batch = batchOf(lines.join('\n'))
      ids.open()
      let start = 0
      for (const line of lines) {
        const wanted = /trace(?:[_.-]i|I)d=\\?"?([0-9a-f]{32})/.exec(line)?.[1]
        const has = ids.find(batch, start, start + line.length)
        expect(has ? batch.text(ids.traceAt, ids.traceAt + 32) : undefined, line).toBe(wanted)
        const wantedSpan = /span(?:[_.-]i|I)d=([0-9a-f]{16})/.exec(line)?.[1]
        if (has) expect(ids.spanAt < 0 ? undefined : batch.text(ids.spanAt, ids.spanAt + 16)).toBe(wantedSpan)
        start += line.length + 1
      }
    }),
    { numRuns: 5000 }
  )
})
