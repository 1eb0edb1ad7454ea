import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Batch } from '../../src/core/batch.ts'
import { Kind } from '../../src/core/row.ts'
import type { ProcessorContext } from '../../src/core/steps.ts'
import { Bench, type Row, type Steps } from '../fakes/rows.ts'

/** What parsers and processors have in common: rows go in and come out, whatever their bytes. `goesByPlace`: what becomes of a row
 * depends on where it stands, or on those before; such steps remember a number of rows, so each reading gets new ones. */
export function testSteps(name: string, create: (context: ProcessorContext) => Steps, goesByPlace = false): void {
  const bench = new Bench('a service')
  const steps = checked(create(bench.context))
  const rowsOf = (bytes: Buffer, cuts: readonly number[] = [], parser?: string): Row[] => {
    bench.parser = parser
    return bench.rows(bytes, goesByPlace ? checked(create(bench.context)) : steps, cuts)
  }
  const besidesPlace = (rows: Row[]): Row[] => {
    if (!goesByPlace) return rows
    return rows.map(row => ({ ...row, columns: row.columns.filter(([column]) => column !== 'fate') }))
  }
  const same = (bytes: Buffer, cuts: readonly number[]): void => {
    expect(rowsOf(bytes, cuts)).toEqual(rowsOf(bytes))
  }

  describe(`${name} keeps the contract of steps`, () => {
    test('any bytes give rows with spans inside of them', () => {
      fc.assert(
        fc.property(fc.array(line, { maxLength: 12 }), lines => void rowsOf(Buffer.concat(lines))),
        { numRuns: 3000 }
      )
    })

    test('the cut of a chunk changes nothing', () => {
      const bytes = Buffer.from(corpus.join('\n') + '\n')
      for (let cut = 1; cut < bytes.length; cut += 7) same(bytes, [cut])
      const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 })
      fc.assert(
        fc.property(cuts, at =>
          same(
            bytes,
            at.sort((a, b) => a - b)
          )
        ),
        { numRuns: 200 }
      )
    })

    test('reading again with the stored choice changes nothing', () => {
      fc.assert(
        fc.property(fc.array(line, { maxLength: 12 }), lines => {
          const bytes = Buffer.concat(lines)
          const first = rowsOf(bytes)
          expect(rowsOf(bytes, [], bench.parser)).toEqual(first)
        }),
        { numRuns: 1000 }
      )
    })

    test('rows know nothing of each other', () => {
      for (const one of corpus) {
        const alone = besidesPlace(rowsOf(Buffer.from(`${one}\n`), [], 'logfmt'))
        const second = rowsOf(Buffer.from(`${one}\n${one}\n`), [], 'logfmt').slice(1)
        expect(besidesPlace(second), one).toEqual(alone)
      }
    })

    test('a line end of Windows is no part of a row', () => {
      const unix = Buffer.from(`${corpus.join('\n')}\n`)
      const windows = Buffer.from(`${corpus.join('\r\n')}\r\n`)
      expect(besidesPlace(rowsOf(windows))).toEqual(besidesPlace(rowsOf(unix)))
    })

    test.each([
      ['text', 'x'.repeat(1 << 20)],
      ['quotes', '"'.repeat(1 << 20)],
      ['a JSON string', `{"msg":"${'\\n'.repeat(1 << 19)}"}`],
      ['nested arrays', '['.repeat(1 << 20)],
      ['10,000 keys', `{${Array.from({ length: 10_000 }, (_, i) => `"key_${i}":${i}`).join()}}`],
      [
        '10,000 renamed keys',
        `{"user_id":1,${Array.from({ length: 10_000 }, (_, i) => `"user.id_${i}":${i}`).join()}}`
      ],
      ['a word many times', 'retry '.repeat(100_000)],
      ['a pair many times', 'a=1 '.repeat(100_000)],
      ['brackets', '[ '.repeat(1 << 19)],
      ['ids', 'trace_id= '.repeat(1 << 16)]
    ])('a line of 1 MB takes no time: %s', (_, text) => {
      const start = performance.now()
      expect(rowsOf(Buffer.from(`${text}\n{"msg":"next"}\n`))).toHaveLength(2)
      expect(performance.now() - start).toBeLessThan(5000)
    })
  })
}

/** Runs the steps and looks whether everything they left is in its place. */
export function checked({ parser, processors }: Steps): Steps {
  const check = { apply: (batch: Batch) => checkBatch(batch) }
  return { parser, processors: [{ apply: checkRefused }, check, ...processors, check] }
}

/** Parsers leave no fields in rows that they do not understand. Steps behind them may add some. */
function checkRefused({ rows, errors, firstField }: Batch): void {
  for (let row = 0; row < rows; row++)
    if (errors[row] !== 0 && firstField[row] !== -1) throw new Error(`Row ${row} was refused and has fields`)
}

function checkBatch(batch: Batch): void {
  for (let row = 0; row < batch.rows; row++) {
    if (batch.severity[row]! > 24) throw new Error(`Row ${row} has the severity ${batch.severity[row]}`)
    for (const name of ['service', 'traceId', 'spanId', 'agentId', 'body'] as const) {
      const column = batch[name]
      const kind = column.kind[row]!
      if (kind === Kind.absent) continue
      if (kind > Kind.jsonText) throw new Error(`Row ${row} has the kind ${kind} for ${name}`)
      checkSpan(batch, row, column.start[row]!, column.end[row]!)
      const length = { traceId: 32, spanId: 16, service: -1, agentId: -1, body: -1 }[name]
      if (length > 0 && column.end[row]! - column.start[row]! !== length)
        throw new Error(`Row ${row} has a short ${name}`)
    }
    const seen = new Set<number>()
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      const key = batch.fieldKey[field]!
      if (seen.has(key)) throw new Error(`Row ${row} has a key twice`)
      seen.add(key)
      checkSpan(batch, row, batch.fieldStart[field]!, batch.fieldEnd[field]!)
    }
  }
}

function checkSpan(batch: Batch, row: number, start: number, end: number): void {
  const inRow = start >= batch.starts[row]! && end <= batch.ends[row]!
  const inOverlay = start >= batch.size && end <= batch.used
  if (!(start <= end && (inRow || inOverlay))) throw new Error(`Row ${row} has the span ${start} to ${end}`)
}

const corpus: readonly string[] = [
  'Starting on port=8080',
  '',
  '{"timestamp":"2026-11-22T10:00:00.123Z","level":"info","service_name":"billing","trace_id":"4BF92F3577B34DA6A3CE929D0E0E4736","message":"charged"}',
  '{"level":30,"time":1795341600123,"msg":"a \\"b\\"","user_id":1,"event":"login","error":"no"}',
  '{"cut":"o',
  'level=info msg="two words" ts=2026-11-22T10:00:00Z',
  '2026-11-22 10:00:00,123 [main] ERROR caf\u00e9 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7',
  '{"service":{"name":"a"},"log":{"level":"warn"},"dd":{"trace_id":"11803532876627986230"}}',
  'I1122 10:00:00.123456       1 main.go:7] klog',
  '   ',
  '\u001b[32mINFO\u001b[0m green',
  '{}'
]

const words =
  '{ } " : , \\ [ ] = a msg level "level": "time": "trace_id": "service":{ error ERROR 2026-11-22T10:00:00 .123 Z 1795341600 0 - ' +
  'trace_id= true null 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 \u00e9 \u0000 \u001b[ Nov __proto__'
const pieces = fc.constantFrom(...words.split(' '), ' ', '\t', 'Nov 22 10:00:00')
const line = fc.oneof(
  fc.constantFrom(...corpus).map(text => Buffer.from(`${text}\n`)),
  fc.array(pieces, { maxLength: 12 }).map(parts => Buffer.from(`${parts.join('')}\n`)),
  fc.array(pieces, { maxLength: 12 }).map(parts => Buffer.from(`{"a":1,${parts.join('')}}\r\n`)),
  fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from([...bytes, 10]))
)
