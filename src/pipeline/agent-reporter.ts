import type { AgentWatch } from '../rules/agents/watch.ts'
import type { Lanes } from './lanes.ts'
import type { AgentReport } from './messages.ts'

const nothing = { seen: [], refused: 0 }

/** Tells the control thread what a shard has seen of agents, and where it has not come to the end: who is silent there may not be. */
export class AgentReporter {
  readonly #watch: AgentWatch
  readonly #lanes: Lanes
  readonly #tell: (report: AgentReport) => void
  #told = ''

  constructor(watch: AgentWatch, lanes: Lanes, tell: (report: AgentReport) => void) {
    this.#watch = watch
    this.#lanes = lanes
    this.#tell = tell
  }

  /** To be called about once a second, and behind the last row. */
  look(): void {
    const delta = this.#watch.delta()
    const behind = [...new Set(this.#lanes.behind())].toSorted()
    const places = behind.join()
    if (delta === undefined && places === this.#told) return
    this.#told = places
    this.#tell({ ...(delta ?? nothing), behind })
  }
}
