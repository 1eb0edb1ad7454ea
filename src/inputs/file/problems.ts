import { limited, type Log } from '../../core/log.ts'
import type { FollowContext } from './context.ts'

const reportEveryMs = 60_000
/** What we never open, said once for each path. */
const refusals = new Set(['symlink', 'outside', 'not_regular'])
const mostRefused = 10_000
const mostProblems = 1000

/** What can not be followed, and why: counted, said in the log now and then, and listed for people. */
export class Problems {
  readonly #input: string
  readonly #meter: FollowContext['meter']
  readonly #log: Log
  readonly #refused = new Set<string>()
  /** Since the last scan began, by path. */
  readonly #current = new Map<string, string>()

  constructor(input: string, { meter, log, clock }: FollowContext) {
    this.#input = input
    this.#meter = meter
    this.#log = limited(log, reportEveryMs, () => clock.monotonic())
  }

  /** At most a thousand. */
  list(): { readonly path: string; readonly reason: string }[] {
    return [...this.#current].map(([path, reason]) => ({ path, reason }))
  }

  /** A scan begins, which finds again what still is one. */
  clear(): void {
    this.#current.clear()
  }

  readonly report = (reason: string, path: string): void => {
    if (this.#current.size < mostProblems) this.#current.set(path, reason)
    const refusal = `${reason} ${path}`
    if (refusals.has(reason) && this.#refused.has(refusal)) return
    if (refusals.has(reason) && this.#refused.size < mostRefused) this.#refused.add(refusal)
    this.#meter.of('collector_input_errors_total', this.#input, reason).value++
    this.#log.warn(`Cannot follow "${path}": ${reason}`, { input: this.#input })
  }
}
