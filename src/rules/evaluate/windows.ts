import type { RuleDelta, StateRecord, StoredWindow } from '../../core/record.ts'
import { type MetricDelta, MetricEvaluator } from '../../logql/metrics.ts'
import type { RuleQuery } from './queries.ts'

/** The windows of all queries, each in the memory and in the state as long as some rule has it. */
export class Windows {
  readonly #evaluators = new Map<string, MetricEvaluator>()
  /** Queries that may have something stored and are of no use. */
  #left = new Set<string>()

  /** Takes back what was stored; windows of queries that are not those of today are to be removed. New ones begin now. */
  restore(queries: readonly RuleQuery[], stored: readonly StoredWindow[], now: number): StateRecord[] {
    for (const query of queries) this.#make(query)
    const records = stored.flatMap(window => {
      const evaluator = this.#evaluators.get(window.query)
      if (evaluator === undefined) this.#left.add(window.query)
      return evaluator?.restore(window) === false ? [{ ...window, blob: new Uint8Array(0) }] : []
    })
    for (const evaluator of this.#evaluators.values()) evaluator.begin(now)
    return records
  }

  of({ id }: RuleQuery): MetricEvaluator {
    return this.#evaluators.get(id)!
  }

  /** Rows may be added for these queries, too, from now on. */
  add(queries: readonly RuleQuery[], now: number): void {
    for (const query of queries) if (!this.#evaluators.has(query.id)) this.#make(query).begin(now)
  }

  /** There are no other queries any more. */
  keep(queries: readonly RuleQuery[]): void {
    const kept = new Set(queries.map(({ id }) => id))
    for (const id of this.#evaluators.keys()) {
      if (kept.has(id)) continue
      this.#evaluators.delete(id)
      this.#left.add(id)
    }
  }

  /** Adds what shards have seen. What comes late for a query that is gone is of no use. */
  merge(deltas: readonly RuleDelta[]): void {
    for (const [query, delta] of deltas) this.#evaluators.get(query)?.merge(delta as MetricDelta)
  }

  leave(all: readonly Readonly<Record<string, string>>[]): void {
    for (const evaluator of this.#evaluators.values()) evaluator.forget(all)
  }

  /** What has changed since the last call. */
  changes(): StateRecord[] {
    const gone = [...this.#left].map(query => ({ kind: 'unwindow' as const, query }))
    this.#left = new Set()
    const changed = [...this.#evaluators].flatMap(([query, evaluator]) => {
      const { stored, gone } = evaluator.changes()
      const empty = gone.map(one => ({ ...one, blob: new Uint8Array(0) }))
      return [...stored, ...empty].map(one => ({ kind: 'window' as const, query, ...one }))
    })
    return [...gone, ...changed]
  }

  #make({ id, query }: RuleQuery): MetricEvaluator {
    const evaluator = new MetricEvaluator(query)
    this.#evaluators.set(id, evaluator)
    return evaluator
  }
}
