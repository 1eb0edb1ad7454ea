import type { Batch } from './batch.ts'
import type { Family } from './families.ts'
import type { Keys } from './keys.ts'
import type { Sample, StepMetric } from './metrics.ts'
import type { Source } from './source.ts'

/**
 * Cuts records out of indexed bytes. One instance for each reader: it keeps what is unfinished between chunks. What it gives out and
 * keeps depends on bytes and stored cuts alone: one that begins at a border, where nothing is held, goes on alike.
 *
 * Before `frame`, the reader has put the carry and the new bytes at `batch.bytes[0, size)`, set `batch.base`, and indexed them:
 * `lines.ends[0, lines.count)` are the positions of `\n`, `lines.marks[i]` the index into `batch.marks` just behind that `\n`.
 */
export interface Framer {
  /** Adds a row for each finished record. `cutAt` is the position in the source where a stored mark ends a row, or Infinity;
   * `final` says that nothing more will come for now and whatever is unfinished must be given out, flagged `unterminated`.
   * Returns the index in `batch.bytes` of the first byte that must be seen again (start of the unfinished line), or -1 if what
   * was given up for want of memory can not be read again from `batch.source` now: then nothing has changed, and the same call
   * comes again later. */
  frame(batch: Batch, lines: Lines, cutAt: number, final: boolean): number
  /** Forgets what is held: it can never be read again. */
  drop(): void
  /** Position of the earliest record that is begun and not given out, among those that `frame` no longer wants to see again
   * (partials, multiline groups); Infinity when there is none. The cursor stays at or before it. */
  readonly heldFrom: number
  /** Bytes kept for unfinished records. */
  readonly heldBytes: number
  /** What is unfinished is whole lines, which wait so long for others; undefined: it is not. */
  readonly patienceMs?: number | undefined
  /** Bytes that the last `frame` cut off rows, as they were too long. */
  readonly cutBytes: number
}

/** Line ends of a chunk. */
export interface Lines {
  count: number
  ends: Int32Array
  marks: Int32Array
}

/** Finds fields in the rows of a batch, from `from` on (left out: all). Rows it does not understand get `Flag.unparsed`, a number in
 * `batch.errors`, and no fields. Must not depend on where chunks were cut. */
export interface Parser {
  parse(batch: Batch, from?: number): void
  /** Asked before the first `size` bytes of a source become rows: resolves once what it takes to understand them is loaded. Undefined: it
   * is, and they may be parsed. */
  loading?(bytes: Buffer, size: number, source: Source): Promise<unknown> | undefined
}

/** A synchronous step over a whole batch. Lookups are loaded before it is created and refreshed behind it. */
export interface Processor {
  apply(batch: Batch): void
  /** Of a step that remembers rows: what does its work for one lane, whose rows come in their order. An output that is behind has a
   * lane of its own, and so its rows come a second time. Left out: the step sees the rows of all lanes, and remembers none. */
  forLane?(): Processor
  /** Of a step that makes a metric of rows: how it stands. */
  family?(): Family
}

/** Steps that say what a row is, and hide what nobody is to see: observers look behind those that a pipeline begins with. */
export const makers: ReadonlySet<string> = new Set([
  'normalize',
  'redact',
  'set',
  'rename',
  'remove',
  'convert',
  'parse'
])

/** Looks at the rows of a batch behind the steps that say what a row is and hide what nobody is to see, before any other step: once for
 * each row of a source, also where several pipelines read it. */
export interface Observer {
  observe(batch: Batch): void
}

/** What parsers and processors get when they are created. */
export interface StepContext {
  readonly keys: Keys
  /** Epoch ms: the time of reading, for rows that have none of their own. */
  readonly now: () => number
}

/** What processors get besides. */
export interface ProcessorContext extends StepContext {
  /** What the step counts on. */
  readonly sample: (name: StepMetric) => Sample
  /** Of a step that parses values: what its option `parser` names. */
  readonly parser?: Parser | undefined
}
