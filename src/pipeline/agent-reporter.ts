import type { AgentWatch } from '../rules/agents/watch.ts'
import type { Departures } from './departures.ts'
import type { Lanes } from './lanes.ts'
import type { AgentReport } from './messages.ts'

const nothing = { seen: [], refused: 0 }

export interface AgentReporterParts {
  readonly watch: AgentWatch
  readonly lanes: Lanes
  readonly departures: Departures
  readonly tell: (report: AgentReport) => void
}

/** Tells the control thread what a shard has seen of agents, and where it has not come to the end: who is silent there may not be. */
export class AgentReporter {
  readonly #watch: AgentWatch
  readonly #lanes: Lanes
  readonly #tell: (report: AgentReport) => void
  readonly #departures: Departures
  #told = ''

  constructor({ watch, lanes, departures, tell }: AgentReporterParts) {
    this.#watch = watch
    this.#lanes = lanes
    this.#departures = departures
    this.#tell = tell
  }

  /** To be called about once a second, and behind the last row, once what rows have added to rules is handed over: it is told behind that,
   * and before anything that is answered in this turn. So rules have the rows of an agent when they hear that it has left, and hear so
   * before they ask who is silent. */
  look(): void {
    const delta = this.#watch.delta()
    const behind = [...new Set(this.#lanes.behind())].toSorted()
    const places = behind.join()
    const departed = this.#departures.take()
    if (delta === undefined && departed.length === 0 && places === this.#told) return
    this.#told = places
    const report = { ...(delta ?? nothing), departed, behind }
    // the link sends what it was handed in a microtask, too
    queueMicrotask(() => this.#tell(report))
  }
}
