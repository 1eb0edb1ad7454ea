import type { Clock } from '../core/clock.ts'
import type { SourceId } from '../core/source.ts'
import type { AgentWatch } from '../rules/agents/watch.ts'
import type { Lanes } from './lanes.ts'
import type { AgentReport } from './messages.ts'

const nothing = { seen: [], refused: 0 }

export interface AgentReporterParts {
  readonly watch: AgentWatch
  readonly lanes: Lanes
  readonly clock: Clock
  readonly tell: (report: AgentReport) => void
}

/** Tells the control thread what a shard has seen of agents, and where it has not come to the end: who is silent there may not be. */
export class AgentReporter {
  readonly #watch: AgentWatch
  readonly #lanes: Lanes
  readonly #tell: (report: AgentReport) => void
  readonly #clock: Clock
  readonly #gone: SourceId[] = []
  #told = ''

  constructor({ watch, lanes, clock, tell }: AgentReporterParts) {
    this.#watch = watch
    this.#lanes = lanes
    this.#clock = clock
    this.#tell = tell
  }

  /** A source was read to its end, and its pod is deleted. */
  podGone(source: SourceId): void {
    this.#gone.push(source)
  }

  /** To be called about once a second, and behind the last row, when what rows have added to rules is handed over: it is told behind that.
   * So rules have the rows of an agent when they hear that it has left. */
  look(): void {
    const delta = this.#watch.delta()
    const behind = [...new Set(this.#lanes.behind())].toSorted()
    const places = behind.join()
    const gone = this.#gone.splice(0)
    if (delta === undefined && gone.length === 0 && places === this.#told) return
    this.#told = places
    const report = { ...(delta ?? nothing), gone, behind }
    this.#clock.after(0, () => this.#tell(report))
  }
}
