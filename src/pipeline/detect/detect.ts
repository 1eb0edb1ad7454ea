import { components } from '../../components.ts'
import type { ParserDefinition } from '../../config/define.ts'
import { optionsSchema } from '../../config/schema.ts'
import type { Batch } from '../../core/batch.ts'
import { Keys } from '../../core/keys.ts'
import { Meter } from '../../core/metrics.ts'
import { Flag, Kind } from '../../core/row.ts'
import type { Parser, Processor, ProcessorContext } from '../../core/steps.ts'
import { formatNames, signedBy } from '../../parsers/formats.ts'
import { jsonKindOf } from '../../parsers/json-kinds.ts'
import { firstOf } from '../../parsers/first-of.ts'
import { Sample, type SampleParts, samplePartsOf } from './sample.ts'

/** Parsers that know their rows by themselves, and by which one to find out. Of those that understand as many rows the first counts. */
const candidates = ['json', 'logfmt', ...formatNames] as const
type Format = (typeof candidates)[number]
const openBrace = 0x7b
/** Less of the rows are an accident. */
const leastShare = 0.1
/** Shown of rows that no parser understands. */
const mostExamples = 3
const exampleBytes = 200

/** What a file looks like. */
export interface Detected {
  readonly file: string
  /** The parsers to use, the first that understands a row counts. */
  readonly parsers: readonly string[]
  /** `text` where no parser knows the rows. */
  readonly format: Format | 'text'
  /** What wrote it, where its keys tell. */
  readonly writer?: string
  readonly containers: boolean
  readonly multiline: boolean
  readonly rows: number
  /** Shares of the rows, 0 to 1: that have the format, and in which these were found. */
  readonly confidence: number
  readonly rates: { readonly time: number; readonly level: number; readonly service: number; readonly trace: number }
  /** Beginnings of rows without fields. */
  readonly others: readonly string[]
}

interface Choice {
  readonly chosen: readonly Format[]
  /** Rows that none of them understands. */
  readonly left: ReadonlySet<number>
  readonly rows: number
  readonly multiline: boolean
}

/** Finds out which parsers understand the first rows of files. */
export class Detector {
  readonly #keys: Keys
  readonly #parts: SampleParts
  readonly #parsers: ReadonlyMap<string, Parser>
  readonly #normalize: Processor

  private constructor(parts: SampleParts, steps: { keys: Keys; parsers: Map<string, Parser>; normalize: Processor }) {
    this.#parts = parts
    this.#keys = steps.keys
    this.#parsers = steps.parsers
    this.#normalize = steps.normalize
  }

  static async create(): Promise<Detector> {
    const context = { keys: new Keys(), now: Date.now }
    const parsers = new Map<string, Parser>()
    for (const name of [...candidates, 'auto', 'raw'] as const) {
      const definition: ParserDefinition = await components.parsers[name]()
      parsers.set(name, definition.create(optionsSchema(definition).parse({}), context))
    }
    const definition = await components.processors.normalize()
    const meter = new Meter()
    const sample: ProcessorContext['sample'] = metric => meter.of(metric, 'default', definition.name)
    const normalize = definition.create(optionsSchema(definition).parse({}) as never, { ...context, sample })
    return new Detector(await samplePartsOf(), { keys: context.keys, parsers, normalize })
  }

  /** Throws the system's errors. */
  detect(file: string): Detected {
    this.#keys.trim()
    const sample = new Sample(file, this.#parts)
    const raw = this.#parsers.get('raw')!
    const lines = sample.rows(raw, [], false).rows
    const { rows } = sample.rows(raw, [], true)
    const multiline = rows < lines
    const left = new Set(Array(rows).keys())
    const accepted = new Map(candidates.map(format => [format, this.#acceptedBy(format, sample, multiline)]))
    const chosen: Format[] = []
    for (let best = bestOf(accepted, left); best !== undefined; best = bestOf(accepted, left)) {
      const own = accepted.get(best)!.filter(row => left.has(row))
      if (own.length < rows * leastShare) break
      chosen.push(best)
      for (const row of own) left.delete(row)
    }
    return { file, ...this.#describe(sample, { chosen, left, rows, multiline }) }
  }

  /** Numbers of the rows that have a format. */
  #acceptedBy(format: Format, sample: Sample, multiline: boolean): number[] {
    // logfmt takes any text with a pair in it; auto does not
    const batch = sample.rows(this.#parsers.get(format === 'logfmt' ? 'auto' : format)!, [], multiline)
    const rows: number[] = []
    for (let row = 0; row < batch.rows; row++) {
      const isJson = batch.bytes[batch.starts[row]!] === openBrace
      if (batch.firstField[row]! >= 0 && (format !== 'logfmt' || !isJson)) rows.push(row)
    }
    return isSure(format) || rows.some(row => isSigned(batch, row, format)) ? rows : []
  }

  #describe(sample: Sample, { chosen, left, rows, multiline }: Choice): Omit<Detected, 'file'> {
    const parsers = parsersOf(chosen, left.size > 0)
    const batch = sample.rows(firstOf(parsers.map(name => this.#parsers.get(name)!)), [this.#normalize], multiline)
    const share = (has: (row: number) => boolean): number => shareOf(rows, has)
    const writer = chosen[0] === 'json' ? jsonKindOf(commonKeys(batch, this.#keys)) : undefined
    return {
      parsers,
      format: chosen[0] ?? 'text',
      ...(writer !== undefined && { writer }),
      containers: sample.framing === 'containers',
      multiline,
      rows,
      confidence: share(row => !left.has(row)),
      rates: {
        time: share(row => (batch.flags[row]! & Flag.timeRead) === 0),
        level: share(row => batch.severity[row] !== 0),
        service: share(row => batch.service.kind[row] !== Kind.absent),
        trace: share(row => batch.traceId.kind[row] !== Kind.absent)
      },
      others: chosen.length === 0 ? [] : [...left].slice(0, mostExamples).map(row => beginningOf(batch, row))
    }
  }
}

/** Their parsers take nothing else; those of other formats take text that is a little like theirs, if one of its rows has their signs. */
function isSure(format: Format): format is 'json' | 'logfmt' {
  return format === 'json' || format === 'logfmt'
}

function isSigned(batch: Batch, row: number, format: Format): boolean {
  const text = batch.bytes.latin1Slice(batch.starts[row]!, batch.ends[row]!)
  return signedBy(text).some(name => name === format)
}

/** Behind other formats `auto` takes what they leave. */
function parsersOf(chosen: readonly Format[], hasOthers: boolean): readonly string[] {
  const others = chosen.filter(format => !isSure(format))
  if (chosen.length === 1 && !hasOthers) return chosen
  return chosen.length > 0 && chosen.length === others.length && !hasOthers ? others : [...others, 'auto']
}

/** The format that most of the rows left have. */
function bestOf(accepted: ReadonlyMap<Format, readonly number[]>, left: ReadonlySet<number>): Format | undefined {
  let best: Format | undefined
  let most = 0
  for (const [format, rows] of accepted) {
    const count = rows.filter(row => left.has(row)).length
    if (count > most) [best, most] = [format, count]
  }
  return best
}

/** Keys that at least nine of ten rows with fields have. */
function commonKeys(batch: Batch, keys: Keys): ReadonlySet<string> {
  const counts = new Map<string, number>()
  let rows = 0
  for (let row = 0; row < batch.rows; row++) {
    if (batch.firstField[row]! < 0) continue
    rows++
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      const name = keys.names[batch.fieldKey[field]!]!
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return new Set([...counts].filter(([, count]) => count >= rows * 0.9).map(([name]) => name))
}

function beginningOf(batch: Batch, row: number): string {
  const start = batch.starts[row]!
  return batch.text(start, Math.min(batch.ends[row]!, start + exampleBytes)).split('\n')[0]!
}

function shareOf(rows: number, has: (row: number) => boolean): number {
  let count = 0
  for (let row = 0; row < rows; row++) if (has(row)) count++
  return rows === 0 ? 0 : count / rows
}
