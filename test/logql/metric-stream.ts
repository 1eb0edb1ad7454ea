import type { Batch } from '../../src/core/batch.ts'
import { type MetricOptions, MetricCollector, MetricEvaluator } from '../../src/logql/metrics.ts'
import type { Sample } from '../../src/logql/evaluate/sample.ts'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'
import { sourceOf } from '../fakes/source.ts'

const resource = { 'host.name': 'node-1', 'log.file.path': '/var/log/a.log', region: 'eu' }

/** What a shard does with lines before queries see them. */
class Reader {
  readonly bench = new Bench()
  readonly #source = sourceOf({ resource })
  readonly #parser = auto.create(optionsOf(auto, {}), this.bench.context)
  readonly #normalizer = normalize.create(optionsOf(normalize, {}), this.bench.context)

  read(lines: readonly string[], readTime: number): Batch {
    const { batch } = this.bench
    this.bench.keys.trim()
    this.bench.fill(Buffer.from(lines.map(line => `${line}\n`).join('')))
    batch.source = this.#source
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

  constructor(query: string, options: Partial<MetricOptions> = {}, shards = 1) {
    const all = { intervalMs: 5000, rememberMs: 0, maxGroups: 1000, ...options }
    while (readers.length < shards) readers.push(new Reader())
    this.collectors = readers.slice(0, shards).map(({ bench }) => new MetricCollector(query, bench.keys, all))
    this.evaluator = new MetricEvaluator(query, all)
  }

  read(lines: readonly string[], readTime: number, shard = 0): void {
    this.collectors[shard]!.collect(readers[shard]!.read(lines, readTime))
  }

  merge(): void {
    for (const collector of this.collectors) {
      const delta = collector.delta()
      // what another thread would get
      if (delta !== undefined) this.evaluator.merge(structuredClone(delta))
    }
  }

  at(time: number): Sample[] {
    this.merge()
    return [...this.evaluator.at(time)]
  }
}
