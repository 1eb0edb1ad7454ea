import { defineProcessor } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Fate, Kind } from '../core/row.ts'
import type { SourceId } from '../core/source.ts'
import type { Processor } from '../core/steps.ts'
import { RowFilter } from '../logql/filter.ts'
import { aboutIf, Chosen } from './chosen.ts'

const errors = '{level=~"error|critical|alert|fatal"}'
const input =
  '{"level":"info","service":"billing","msg":"charged","time":"2026-11-22T10:00:00Z","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}'

/** Keeps a share of the traces, each as a whole. */
export const sample = defineProcessor({
  name: 'sample',
  summary:
    'Keeps a share of the rows: all of a trace or none, the same ones on every machine; errors always. The others count as sampled.',
  options: t => ({
    rate: t.z.number().min(0).max(1).describe('The share of traces, and of rows without one, to keep: 0 to 1.'),
    keep: t.query('Rows to keep in any case, as a LogQL query.').default(errors),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    { title: 'One trace in ten, and all errors', config: 'rate: 0.1', input },
    {
      title: 'One in a hundred of one service; errors and what is slow always',
      config: `rate: 0.01\nkeep: '{level=~".*"} | level=~"error|critical|alert|fatal" or took_ms >= 1000'\nif: '{service_name="auth"}'`,
      input,
      output: {
        time: '2026-11-22T10:00:00.000Z',
        level: 'info',
        service_name: 'billing',
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
        body: 'charged'
      }
    }
  ],
  create: (options, { keys }) => new Sample(options, keys)
})

interface SampleOptions {
  readonly rate: number
  readonly keep: string
  readonly if?: string | undefined
}

/** Decides by what a row is alone, so that it does so alike on every machine and whenever the row is read. */
class Sample implements Processor {
  readonly #chosen: Chosen
  readonly #keep: RowFilter
  /** Hashes below are kept. */
  readonly #below: number
  #spared = new Uint8Array(0)
  #source: SourceId = ''
  #seed = 0

  constructor(options: SampleOptions, keys: Keys) {
    this.#chosen = new Chosen(options.if, keys)
    this.#keep = new RowFilter(options.keep, keys)
    this.#below = options.rate * 2 ** 32
  }

  apply(batch: Batch): void {
    const { rows, fate, positions } = batch
    const { kind, start } = batch.traceId
    const chosen = this.#chosen.of(batch)
    const spared = this.#sparedOf(batch, chosen)
    const view = batch.view
    const seed = this.#seedOf(batch.source.id)
    const below = this.#below
    for (let row = 0; row < rows; row++) {
      if (chosen[row] === 0 || spared[row] === 1) continue
      const hash = kind[row] === Kind.absent ? hashOfPlace(seed, positions[row]!) : hashOfTrace(view, start[row]!)
      if (hash >= below) fate[row] = Fate.sampled
    }
  }

  #sparedOf(batch: Batch, chosen: Uint8Array): Uint8Array {
    const { rows } = batch
    if (this.#spared.length < rows) this.#spared = new Uint8Array(rows * 2)
    const spared = this.#spared
    spared.set(chosen.subarray(0, rows))
    this.#keep.narrow(batch, spared)
    return spared
  }

  #seedOf(source: SourceId): number {
    if (source !== this.#source) {
      this.#source = source
      this.#seed = 0
      for (let i = 0; i < source.length; i++) this.#seed = mixed(this.#seed, source.charCodeAt(i))
    }
    return this.#seed
  }
}

/** Of the 32 digits of a trace id. It is part of the format: who changes it keeps other traces than the other machines do. */
function hashOfTrace(view: DataView, start: number): number {
  let hash = 0
  for (let at = start; at < start + 32; at += 4) hash = mixed(hash, view.getInt32(at, true))
  return finished(hash)
}

/** Of what makes the row's id. */
function hashOfPlace(seed: number, position: number): number {
  return finished(mixed(mixed(seed, position | 0), Math.floor(position / 2 ** 32)))
}

/** A round of MurmurHash3. */
function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  hash ^= k
  hash = (hash << 13) | (hash >>> 19)
  return (Math.imul(hash, 5) + 0xe6546b64) | 0
}

/** Its end: each bit of the result depends on all bits before. From 0 to 2^32 - 1. */
function finished(hash: number): number {
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
