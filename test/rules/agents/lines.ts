import type { Source } from '../../../src/core/source.ts'
import { withParseFate } from '../../../src/pipeline/parse-fate.ts'
import { auto } from '../../../src/parsers/auto.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import type { AgentDelta, AgentSighting } from '../../../src/rules/agents/sighting.ts'
import { AgentWatch } from '../../../src/rules/agents/watch.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { Bench } from '../../fakes/rows.ts'
import { sourceOf } from '../../fakes/source.ts'

export const readTime = Date.parse('2026-11-22T22:00:00Z')
const host = sourceOf({ resource: { 'host.name': 'node-1' } })

/** Lines as a shard sees them, with or without kernels. */
export class Lines {
  readonly #bench: Bench
  readonly #watch: AgentWatch

  constructor(hasWorkspace = true) {
    this.#bench = new Bench('', hasWorkspace)
    this.#watch = new AgentWatch(this.#bench.keys)
  }

  read(lines: readonly string[], source: Source = host): this {
    const { batch, context, keys } = this.#bench
    this.#bench.fill(Buffer.from(lines.map(line => `${line}\n`).join('')))
    batch.source = source
    withParseFate(auto.create(optionsOf(auto, {}), context), 'drop').parse(batch)
    normalize.create(optionsOf(normalize, {}), context).apply(batch)
    this.#watch.observe(batch)
    keys.trim()
    return this
  }

  delta(): AgentDelta {
    return this.#watch.delta() ?? { seen: [], refused: 0 }
  }

  /** The one agent that was seen. */
  get agent(): AgentSighting {
    const { seen } = this.delta()
    if (seen.length !== 1) throw new Error(`${seen.length} agents were seen`)
    return seen[0]!
  }
}

/** A row of agent-7, seconds after ten to ten. */
export function row(message: string, seconds = 0, more: object = {}): string {
  const time = new Date(readTime - 600_000 + seconds * 1000).toISOString()
  return JSON.stringify({ time, level: 'info', service: 'planner', agent_id: 'agent-7', message, ...more })
}

export function at(seconds: number): number {
  return readTime - 600_000 + seconds * 1000
}
