import type { Clock } from '../core/clock.ts'
import type { AgentWatch } from '../rules/agents/watch.ts'
import type { Departures } from './departures.ts'
import type { Lanes } from './lanes.ts'
import type { AgentReport } from './messages.ts'

const nothing = { seen: [], refused: 0 }

export interface AgentReporterParts {
  readonly watch: AgentWatch
  readonly lanes: Lanes
  readonly departures: Departures
  readonly clock: Clock
  readonly tell: (report: AgentReport) => void
}

/** Tells the control thread what a shard has seen of agents, and where it has not come to the end: who is silent there may not be. */
export class AgentReporter {
  readonly #watch: AgentWatch
  readonly #lanes: Lanes
  readonly #tell: (report: AgentReport) => void
  readonly #clock: Clock
  readonly #departures: Departures
  #told = ''

  constructor({ watch, lanes, departures, clock, tell }: AgentReporterParts) {
    this.#watch = watch
    this.#lanes = lanes
    this.#departures = departures
    this.#clock = clock
    this.#tell = tell
  }

  /** To be called about once a second, and behind the last row, when what rows have added to rules is handed over: it is told behind that.
   * So rules have the rows of an agent when they hear that it has left. */
  look(): void {
    const delta = this.#watch.delta()
    const behind = [...new Set(this.#lanes.behind())].toSorted()
    const places = behind.join()
    const departed = this.#departures.take()
    if (delta === undefined && departed.length === 0 && places === this.#told) return
    this.#told = places
    const report = { ...(delta ?? nothing), departed, behind }
    this.#clock.after(0, () => this.#tell(report))
  }
}
