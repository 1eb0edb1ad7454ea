import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { Kind } from '../../src/core/row.ts'
import type { Keys } from '../../src/core/keys.ts'
import type { Body } from '../../src/core/output.ts'
import { DocumentEncoder } from '../../src/outputs/elasticsearch/encode.ts'
import { type Row, type Value, newBatch, newBody, newSource, plain, someTime } from './rows.ts'

const options = {
  schema: 'ecs',
  namespace: 'default',
  stream: 'logs-mcp.agent-default',
  hostName: 'n',
  hasAction: true
} as const

/** A body with its row table, as plain values. */
function contentOf(body: Body): unknown {
  const { rows, at } = body
  const table = [body.rowEnds, body.rowPositions, body.rowLengths].map(numbers => [...numbers.subarray(0, rows)])
  return { text: body.bytes.latin1Slice(0, at), table }
}

interface Placed extends Row {
  readonly position?: number
  readonly isDropped?: boolean
}

/** What the encoder makes of rows, in two batches into one body. */
function encode(rows: readonly Placed[], inWorkspace: boolean, source = newSource()): unknown {
  const body = newBody(64)
  let keys: Keys | undefined
  let encoder: DocumentEncoder | undefined
  for (let round = 0; round < 2; round++) {
    const made = newBatch(rows, { source, inWorkspace, ...(keys ? { keys } : {}) })
    keys = made.keys
    encoder ??= new DocumentEncoder(options, keys)
    expect(made.batch.inWorkspace).toBe(inWorkspace)
    for (const [n, { position, isDropped }] of rows.entries()) {
      if (position !== undefined) made.batch.positions[n] = position
      if (isDropped) made.batch.fate[n] = 1
    }
    encoder.encode(made.batch, body)
  }
  return contentOf(body)
}

const optional = { freq: 3, nil: undefined }
const text = fc.stringMatching(/^[ !#-[\]-~]{0,80}$/)
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 12, arbitrary: text.map((text): Value => plain(text)) },
  { weight: 1, arbitrary: fc.string().map((text): Value => [Kind.jsonText, JSON.stringify(text).slice(1, -1)]) },
  { weight: 1, arbitrary: fc.string().map((text): Value => [Kind.text, text]) }
)
const time = fc.oneof(
  fc.integer({ min: someTime - 60_000, max: someTime + 60_000 }),
  fc.integer({ min: -62_135_600_000_000, max: 253_402_400_000_000 }),
  fc.double()
)
const row: fc.Arbitrary<Placed> = fc
  .record({
    line: fc.oneof(text, fc.string({ unit: 'grapheme' })),
    position: fc.oneof(fc.nat(1e6), fc.nat(Number.MAX_SAFE_INTEGER)),
    isDropped: fc.constantFrom(false, false, false, true),
    time,
    nanos: fc.oneof(fc.constant(0), fc.nat(999_999)),
    severity: fc.constantFrom(0, 9, 9, 9, 17, 24),
    flags: fc.constantFrom(0, 0, 0, 8, 16, 63),
    error: fc.constantFrom(0, 0, 0, 0, 0, 1),
    service: fc.option(value, optional),
    traceId: fc.option(fc.stringMatching(/^[0-9a-f]{32}$/).map(plain), optional),
    spanId: fc.option(fc.stringMatching(/^[0-9a-f]{16}$/).map(plain), optional),
    agentId: fc.option(value, optional),
    body: fc.option(value, { freq: 9, nil: undefined }),
    fields: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: value.map(one => [['k', ...one] as const]) }
    )
  })
  .map(one => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)) as unknown as Placed)

describe('rows that are only copied', () => {
  it('the committed kernel is what its source compiles to', async () => {
    const file = new URL('../../src/outputs/elasticsearch/document.wasm.ts', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(await compile('document'))
  })

  it('the kernel writes the same bytes and row table as the general way', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), rows => {
        expect(encode(rows, true)).toEqual(encode(rows, false))
      }),
      { numRuns: 1000 }
    )
  })

  it('goes on where its room is full, and leaves rows larger than that to the general way', () => {
    const rows = Array.from({ length: 900 }, (_, n): Row => ({ line: 'l', body: plain('m'.repeat(n)) }))
    rows.splice(500, 0, { line: 'l', body: plain('m'.repeat(70_000)) })
    expect(encode(rows, true)).toEqual(encode(rows, false))
  })

  it('constants that it has no room for are written all the same', () => {
    const source = newSource({ resource: { 'log.file.path': `/${'x'.repeat(40_000)}` } })
    const rows = [9, 17].map((severity): Row => ({ line: 'l', severity, body: plain('m') }))
    expect(encode(rows, true, source)).toEqual(encode(rows, false, source))
  })
})
