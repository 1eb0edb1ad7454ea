import type { Batch } from '../../src/core/batch.ts'
import { MetricCollector, MetricEvaluator, type MetricQuery, type StoredBuckets } from '../../src/logql/metrics.ts'
import type { Sample } from '../../src/logql/evaluate/sample.ts'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'
import { sourceOf } from '../fakes/source.ts'

/** Where lines come from. */
const resources = [
  { 'host.name': 'node-1', 'log.file.path': '/var/log/a.log', region: 'eu' },
  { 'host.name': 'node-2', 'log.file.path': '/var/log/a.log', region: 'eu', 'team.name': 'x' }
]

/** What a shard does with lines before queries see them. */
export class Reader {
  readonly bench = new Bench()
  readonly #sources = resources.map(resource => sourceOf({ resource }))
  readonly #parser = auto.create(optionsOf(auto, {}), this.bench.context)
  readonly #normalizer = normalize.create(optionsOf(normalize, {}), this.bench.context)

  read(lines: readonly (string | Buffer)[], readTime: number, source: number): Batch {
    const { batch } = this.bench
    this.bench.keys.trim()
    this.bench.fill(Buffer.concat(lines.flatMap(line => [Buffer.from(line), Buffer.from('\n')])))
    batch.source = this.#sources[source]!
    batch.readTime = readTime
    this.#parser.parse(batch)
    this.#normalizer.apply(batch)
    return batch
  }
}

/** One for each shard, whatever the query. */
const readers: Reader[] = []

/** A query over rows that one shard or several read. */
export class MetricStream {
  readonly collectors: readonly MetricCollector[]
  evaluator: MetricEvaluator
  /** Blobs by range aggregation and bucket. */
  readonly stored = new Map<string, StoredBuckets>()
  readonly #query: MetricQuery

  constructor(query: string, options: Partial<MetricQuery> = {}, shards = 1) {
    this.#query = { query, intervalMs: 5000, rememberMs: 0, maxGroups: 1000, maxBytes: 1 << 20, ...options }
    while (readers.length < shards) readers.push(new Reader())
    this.collectors = readers.slice(0, shards).map(({ bench }) => new MetricCollector([this.#query], bench.keys))
    this.evaluator = new MetricEvaluator(this.#query)
  }

  read(lines: readonly (string | Buffer)[], readTime: number, { shard = 0, source = 0, isLive = false } = {}): void {
    const batch = readers[shard]!.read(lines, readTime, source)
    batch.isLive = isLive
    this.collectors[shard]!.collect(batch)
  }

  merge(): void {
    for (const collector of this.collectors) {
      const [delta] = collector.deltas()
      // what another thread would get
      if (delta !== undefined) this.evaluator.merge(structuredClone(delta))
    }
  }

  /** Keeps what has changed. */
  store(): void {
    this.merge()
    const { stored, gone } = this.evaluator.changes()
    for (const { range, bucket } of gone) this.stored.delete(`${range} ${bucket}`)
    for (const one of stored) this.stored.set(`${one.range} ${one.bucket}`, one)
  }

  /** Goes on with nothing but what is stored. */
  restart(): void {
    this.store()
    this.evaluator = new MetricEvaluator(this.#query)
    for (const one of this.stored.values())
      if (!this.evaluator.restore(one)) throw new Error('A blob is not taken back')
  }

  at(time: number): Sample[] {
    this.merge()
    return [...this.evaluator.at(time)]
  }
}
