import { Batch } from '../../src/core/batch.ts'
import { Kind } from '../../src/core/row.ts'
import { Keys } from '../../src/core/keys.ts'
import { Body, type Shipment } from '../../src/core/output.ts'
import type { Resource, Source } from '../../src/core/source.ts'
import { Arena } from '../../src/scan/arena.ts'
import { sourceOf } from '../fakes/source.ts'

export const someTime = Date.UTC(2026, 10, 22, 10, 0, 0, 123)

/** A value as it stands in the bytes of a row. */
export type Value = readonly [kind: number, bytes: string | Buffer]

/** A row by hand: what normalize would have made of it. */
export interface Row {
  readonly line?: string | Buffer
  readonly time?: number
  readonly nanos?: number
  readonly severity?: number
  readonly flags?: number
  readonly error?: number
  readonly service?: Value
  readonly traceId?: Value
  readonly spanId?: Value
  readonly agentId?: Value
  readonly body?: Value
  readonly fields?: readonly (readonly [name: string, ...value: Value])[]
}

export function plain(text: string): Value {
  return [Kind.plain, text]
}

export function newSource(options: { resource?: Resource; dataset?: string; id?: string } = {}): Source {
  return sourceOf({ resource: { 'log.file.path': '/var/log/agent.log' }, ...options })
}

/** Stands for the one batch of a shard: filled again for each. */
const inArena = new Arena().newBatch()

/** A batch of rows, one source byte apart from each other where `line` says nothing else. */
export function newBatch(
  rows: readonly Row[],
  options: { source?: Source; keys?: Keys; inWorkspace?: boolean } = {}
): { batch: Batch; keys: Keys } {
  const keys = options.keys ?? new Keys()
  const lines = rows.map(row => Buffer.from(row.line ?? ''))
  const lineBytes = lines.reduce((sum, line) => sum + line.length + 1, 0)
  const batch = options.inWorkspace ? inArena : new Batch(Buffer.alloc(Math.max(1024, lineBytes)))
  batch.source = options.source ?? newSource()
  batch.readTime = someTime
  batch.size = 0
  for (const line of lines) batch.size += line.copy(batch.bytes, batch.size) + 1
  batch.clear()
  const add = ([kind, value]: Value): [number, number, number] => {
    const bytes = Buffer.from(value)
    const start = batch.overlay(bytes.length)
    bytes.copy(batch.bytes, start)
    return [start, start + bytes.length, kind]
  }
  let at = 0
  for (const [i, row] of rows.entries()) {
    const length = lines[i]!.length
    const n = batch.addRow(at, at + length, at, length + 1, 0)
    at += length + 1
    batch.time[n] = row.time ?? someTime
    batch.nanos[n] = row.nanos ?? 0
    batch.severity[n] = row.severity ?? 0
    batch.flags[n] = row.flags ?? 0
    batch.errors[n] = row.error ?? 0
    for (const name of ['service', 'traceId', 'spanId', 'agentId', 'body'] as const) {
      const value = row[name]
      if (value === undefined) continue
      const [start, end, kind] = add(value)
      batch[name].start[n] = start
      batch[name].end[n] = end
      batch[name].kind[n] = kind
    }
    for (const [name, ...value] of row.fields ?? []) batch.addField(n, keys.add(name), ...add(value))
  }
  return { batch, keys }
}

export function shipmentOf(body: Body, options: Partial<Shipment> = {}): Shipment {
  const { bytes, rows, rowEnds, rowPositions, rowLengths } = body
  return {
    bytes,
    rows,
    rowEnds,
    rowPositions,
    rowLengths,
    sourceOf: () => newSource().id,
    attempt: 0,
    unknown: false,
    firstSentAt: 0,
    memo: undefined,
    ...options
  }
}

export function newBody(capacity = 1 << 16): Body {
  return new Body(capacity)
}

/** Lines of a bulk body; the last one must be complete. */
export function linesOf(body: Body): string[] {
  const text = body.bytes.utf8Slice(0, body.at)
  if (!text.endsWith('\n')) throw new Error('the body does not end with a line end')
  return text.slice(0, -1).split('\n')
}
