import { Batch } from '../../src/core/batch.ts'
import { Fate, Flag, Kind, parseErrors, Use } from '../../src/core/row.ts'
import { Keys } from '../../src/core/keys.ts'
import type { Source } from '../../src/core/source.ts'
import { Meter } from '../../src/core/metrics.ts'
import type { Parser, Processor, ProcessorContext } from '../../src/core/steps.ts'
import { Arena } from '../../src/scan/arena.ts'
import { severityTexts } from '../../src/scan/severity.ts'
import { sourceOf } from './source.ts'

const fates = Object.keys(Fate)
const readTime = Date.parse('2026-11-22T22:00:00Z')

/** A row as a test sees it: the columns, then the attributes in the order of the row. */
export interface Row {
  readonly columns: [name: string, value: unknown][]
  readonly attributes: [name: string, value: unknown][]
}

/** Parsers and processors at work on text, without files. */
export class Bench {
  readonly keys = new Keys()
  readonly arena = new Arena()
  readonly batch: Batch
  readonly meter = new Meter()
  readonly context: ProcessorContext = {
    keys: this.keys,
    now: () => readTime,
    sample: name => this.meter.of(name, 'default', 'step')
  }
  /** What `auto` chose. */
  parser: string | undefined
  chosen = 0
  readonly #source: Source

  /** Without a workspace nothing is done by kernels. */
  constructor(service = '', hasWorkspace = true) {
    this.batch = hasWorkspace ? this.arena.newBatch() : new Batch(this.arena.bytes)
    const choice = (): string | undefined => this.parser
    const marks = {
      nextCut: () => Infinity,
      addCut: () => 0,
      get parser() {
        return choice()
      },
      choose: (parser: string) => {
        this.parser = parser
        return ++this.chosen
      }
    }
    this.#source = sourceOf({ id: '0123456789abcdef', dataset: 'test', service, marks })
  }

  /** Fills the batch with the lines of `bytes`; the last one may have no line end. */
  fill(bytes: Buffer, base = 0): void {
    const { arena, batch } = this
    batch.bytes = bytes.length <= arena.chunkBytes ? arena.bytes : Buffer.alloc(bytes.length)
    // stale bytes behind the chunk must not matter
    bytes.copy(batch.bytes)
    batch.bytes.fill(0xdd, bytes.length, Math.min(bytes.length + 1024, batch.bytes.length))
    batch.size = bytes.length
    batch.base = base
    batch.source = this.#source
    batch.readTime = readTime
    batch.clear()
    arena.index(batch)
    let start = 0
    let mark = 0
    for (let line = 0; line <= arena.lines.count; line++) {
      const isLast = line === arena.lines.count
      const next = isLast ? bytes.length : arena.lines.ends[line]!
      if (isLast && next === start) break
      const end = next > start && bytes[next - 1] === 13 ? next - 1 : next
      batch.addRow(start, end, base + start, next + 1 - start, mark)
      start = next + 1
      if (!isLast) mark = arena.lines.marks[line]!
    }
  }

  /** The rows that the bytes become when they come in chunks that end at `cuts`. */
  rows(bytes: Buffer, { parser, processors }: Steps, cuts: readonly number[] = []): Row[] {
    const rows: Row[] = []
    const steps = { parser, processors: processors.map(step => step.forLane?.() ?? step) }
    let from = 0
    for (const cut of [...cuts, bytes.length]) {
      const to = cut === bytes.length ? cut : bytes.lastIndexOf(10, cut - 1) + 1
      if (to <= from) continue
      this.fill(bytes.subarray(from, to), from)
      run(steps, this.batch)
      for (let row = 0; row < this.batch.rows; row++) rows.push(this.row(row))
      this.keys.trim()
      from = to
    }
    return rows
  }

  row(row: number): Row {
    const { batch, keys } = this
    const shown: Row['columns'] = []
    const attributes: Row['attributes'] = []
    const flags = batch.flags[row]!
    if (batch.body.kind[row] !== Kind.absent) {
      const time = new Date(batch.time[row]!).toISOString()
      const nanos = batch.nanos[row] === 0 ? '' : String(batch.nanos[row]).padStart(6, '0')
      shown.push(['time', flags & Flag.timeRead ? 'of reading' : time.replace('Z', `${nanos}Z`)])
      if (batch.severity[row] !== 0) shown.push(['level', severityTexts[batch.severity[row]!]])
    }
    const columns = {
      service_name: 'service',
      trace_id: 'traceId',
      span_id: 'spanId',
      agent_id: 'agentId',
      body: 'body'
    } as const
    for (const [name, column] of Object.entries(columns)) {
      const { start, end, kind } = batch[column]
      if (kind[row] !== Kind.absent) shown.push([name, this.value(start[row]!, end[row]!, kind[row]!)])
    }
    if (batch.fate[row] !== Fate.kept) shown.push(['fate', fates[batch.fate[row]!]])
    if (batch.errors[row] !== 0) shown.push(['error.type', parseErrors[batch.errors[row]!]])
    if (flags & Flag.invalidUtf8) shown.push(['(invalid UTF-8)', true])
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      if (batch.fieldUse[field] === Use.consumed) continue
      const value = this.value(batch.fieldStart[field]!, batch.fieldEnd[field]!, batch.fieldKind[field]!)
      attributes.push([keys.names[batch.fieldKey[field]!]!, value])
    }
    return { columns: shown, attributes }
  }

  value(start: number, end: number, kind: number): unknown {
    const text = this.batch.text(start, end)
    switch (kind) {
      case Kind.plain:
        // throws if it can not stand in JSON as it is
        return JSON.parse(
          `"${new TextDecoder('utf-8', { fatal: true }).decode(this.batch.bytes.subarray(start, end))}"`
        )
      case Kind.text:
        return text
      case Kind.jsonText:
        return JSON.parse(`"${text}"`)
      case Kind.number:
        return Number.isSafeInteger(Number(text)) || text.includes('.') ? JSON.parse(text) : text
      default:
        return JSON.parse(text)
    }
  }
}

export interface Steps {
  readonly parser: Parser
  readonly processors: readonly Processor[]
}

function run(steps: Steps, batch: Batch): void {
  steps.parser.parse(batch)
  for (const processor of steps.processors) processor.apply(batch)
}

/** A row as an object, for comparing; an attribute that comes twice throws. */
export function asObject({ columns, attributes }: Row): Record<string, unknown> {
  const names = attributes.map(([name]) => name)
  if (new Set(names).size !== names.length) throw new Error(`The row has a name twice: ${names.join(' ')}`)
  return Object.fromEntries([...attributes, ...columns])
}
