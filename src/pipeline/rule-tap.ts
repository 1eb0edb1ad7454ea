import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import type { RuleDelta } from '../core/record.ts'
import { Fate } from '../core/row.ts'
import type { LossReason } from '../core/outcome.ts'
import type { Position } from '../core/source.ts'
import type { Track } from '../delivery/track.ts'
import type { MetricCollector } from '../logql/metrics.ts'
import type { Sink } from './lane.ts'
import type { RuleQuery } from '../rules/evaluate/queries.ts'

/** In place of the id of an output: those have a "/". */
export const tapId = 'rules'
/** None of its rows has an end of its own: what was appended is settled. */
const noFates = new Int32Array(Object.keys(Fate).length)

/** The queries of all rules on a shard. */
export interface Queries {
  readonly sides: readonly {
    readonly rows: RuleQuery['rows']
    readonly ids: readonly string[]
    readonly collector: MetricCollector
  }[]
}

/** The language of rules takes memory: it is loaded where there are some. Throws `QueryFault`. */
export async function queriesOf(rules: readonly RuleQuery[], keys: Keys): Promise<Queries> {
  const { MetricCollector } = await import('../logql/metrics.ts')
  const sides = [...Map.groupBy(rules, ({ rows }) => rows)].map(([rows, own]) => ({
    rows,
    ids: own.map(({ id }) => id),
    collector: new MetricCollector(
      own.map(({ query }) => query),
      keys
    )
  }))
  return { sides }
}

/** The rules' place in a lane: takes all rows of a source, once each, always has room, and adds them up until somebody takes that. */
export class RuleTap implements Sink {
  #queries: Queries | undefined
  #kept = new Uint8Array(0)

  /** What was added up for the queries before must have been taken. */
  use(queries: Queries | undefined): void {
    this.#queries = queries
  }

  hasRoom(): boolean {
    return true
  }

  observe(batch: Batch): void {
    for (const { rows, collector } of this.#queries?.sides ?? []) if (rows === 'all') collector.collect(batch)
  }

  append(track: Track, batch: Batch, to: Position, heldFrom: Position): void {
    this.observeKept(batch)
    track.append(batch, to, heldFrom, noFates)
  }

  /** Rows behind all steps, for rules that ask for what these have left. */
  observeKept(batch: Batch): void {
    for (const { rows, collector } of this.#queries?.sides ?? []) {
      if (rows === 'kept' && batch.rows > 0) collector.collect(batch, this.#keptOf(batch))
    }
  }

  skip(track: Track, from: Position, to: Position, reason: LossReason, bytes: number): void {
    track.skip(from, to, reason, bytes)
  }

  flush(): void {}

  /** What rows have added since the last call. */
  deltas(): RuleDelta[] {
    const deltas: RuleDelta[] = []
    for (const { ids, collector } of this.#queries?.sides ?? []) {
      for (const [index, delta] of collector.deltas().entries()) {
        if (delta !== undefined) deltas.push([ids[index]!, delta])
      }
    }
    return deltas
  }

  #keptOf({ rows, fate }: Batch): Uint8Array {
    if (this.#kept.length < rows) this.#kept = new Uint8Array(rows * 2)
    for (let row = 0; row < rows; row++) this.#kept[row] = fate[row] === Fate.kept ? 1 : 0
    return this.#kept
  }
}
