import { stat } from 'node:fs/promises'
import type { AgentBeside as Configured } from '../config/agent-beside.ts'
import { marksOf, noFile } from '../config/file-marks.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'

/** How often the file is looked at, ms. */
const lookMs = 10_000

export interface AgentBesideParts {
  readonly clock: Clock
  readonly log: Log
  /** The file is not what it was. */
  readonly changed: () => void
}

/** Looks after the configuration of the agent beside us: says what can not be used of it, and when it has changed. */
export class AgentBeside {
  readonly #parts: AgentBesideParts
  #file: string | undefined
  #problem: string | undefined
  /** What the file was like when it was looked at last. */
  #known: string | undefined
  #cancel: () => void = () => {}

  constructor(parts: AgentBesideParts) {
    this.#parts = parts
  }

  /** Takes what was read of it; undefined: there is none. */
  use(configured: Configured | undefined): void {
    const { file, problem } = configured ?? {}
    if (problem !== undefined && (problem !== this.#problem || file !== this.#file))
      this.#parts.log.warn(
        `Cannot use "${file}" of the agent beside: ${problem}, looking again every ${lookMs / 1000} s`
      )
    this.#file = file
    this.#problem = problem
    this.#known = configured?.marks
    this.#cancel()
    if (file !== undefined) this.#lookLater(file)
  }

  stop(): void {
    this.use(undefined)
  }

  #lookLater(file: string): void {
    this.#cancel = this.#parts.clock.after(lookMs, () => void this.#look(file))
  }

  async #look(file: string): Promise<void> {
    const marks = await stat(file).then(marksOf, () => noFile)
    if (file !== this.#file) return
    const hasChanged = marks !== this.#known
    this.#known = marks
    this.#lookLater(file)
    if (hasChanged) this.#parts.changed()
  }
}
