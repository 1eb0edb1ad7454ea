import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Refusal } from '../core/output.ts'

const quietMs = 60_000
const mostTypes = 3
const mostTypeLength = 80

/** Says that rows became dead letters: of the first ones at once, then at most once a minute how many there were since. Of the
 * refusals it names types only: a reason may quote the row. */
export class Obituaries {
  #rows = 0
  readonly #types = new Set<string>()
  #cancel: (() => void) | undefined
  readonly #id: string
  readonly #clock: Clock
  readonly #log: Log

  constructor({ id, clock, log }: { readonly id: string; readonly clock: Clock; readonly log: Log }) {
    this.#id = id
    this.#clock = clock
    this.#log = log
  }

  add(refusals: readonly Refusal[]): void {
    this.#rows += refusals.length
    for (const { type } of refusals) if (this.#types.size <= mostTypes) this.#types.add(type)
    if (this.#cancel === undefined) this.#say()
  }

  /** Says what it has not said yet. */
  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#rows > 0) this.#flush()
  }

  #say(): void {
    this.#cancel = undefined
    if (this.#rows === 0) return
    this.#flush()
    this.#cancel = this.#clock.after(quietMs, () => this.#say())
  }

  #flush(): void {
    this.#log.warn(this.#sentence())
    this.#rows = 0
    this.#types.clear()
  }

  #sentence(): string {
    const types = [...this.#types].map(type => type.slice(0, mostTypeLength))
    if (types.length > mostTypes) types.splice(mostTypes, 1, 'and others')
    const rows =
      this.#rows === 1
        ? '1 row was refused and is a dead letter'
        : `${this.#rows} rows were refused and are dead letters`
    return `Output "${this.#id}": ${rows} now (${types.join(', ')}): see "mcp-collector dlq list"`
  }
}
