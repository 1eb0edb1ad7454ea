import type { SourceId } from '../core/source.ts'
import type { AgentWatch } from '../rules/agents/watch.ts'
import type { Lanes } from './lanes.ts'
import type { AgentReport } from './messages.ts'

const nothing = { seen: [], refused: 0 }

/** Tells the control thread what a shard has seen of agents, and where it has not come to the end: who is silent there may not be. */
export class AgentReporter {
  readonly #watch: AgentWatch
  readonly #lanes: Lanes
  readonly #tell: (report: AgentReport) => void
  readonly #gone: SourceId[] = []
  #told = ''

  constructor(watch: AgentWatch, lanes: Lanes, tell: (report: AgentReport) => void) {
    this.#watch = watch
    this.#lanes = lanes
    this.#tell = tell
  }

  /** A source was read to its end, and its pod is deleted. */
  podGone(source: SourceId): void {
    this.#gone.push(source)
  }

  /** To be called about once a second, and behind the last row. */
  look(): void {
    const delta = this.#watch.delta()
    const behind = [...new Set(this.#lanes.behind())].toSorted()
    const places = behind.join()
    const gone = this.#gone.splice(0)
    if (delta === undefined && gone.length === 0 && places === this.#told) return
    this.#told = places
    this.#tell({ ...(delta ?? nothing), gone, behind })
  }
}
