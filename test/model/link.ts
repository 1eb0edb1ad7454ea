import type { Cursor, Ledger } from '../../src/core/outcome.ts'
import type { StateLink, ShardRecord, StoredState } from '../../src/core/record.ts'
import { MemoryLink } from '../fakes/state-link.ts'
import type { FakeClock } from '../fakes/clock.ts'

const commitMs = 100

/** State of which only what was committed outlives a kill. */
export class LossyState {
  readonly #durable = new MemoryLink()
  /** The last accounts of all sources, also of those that were forgotten. */
  readonly accounts = new Map<string, Cursor>()
  /** `slow`: nothing gets durable. `full`: nothing can be written at all, so that reading pauses. */
  mode: 'ok' | 'slow' | 'full' = 'ok'
  #session: Session | undefined

  /** What a run gets; that of the one before ends. */
  open(clock: FakeClock): StateLink {
    this.#session?.end()
    this.#session = new Session(this, clock)
    return this.#session
  }

  stored(): StoredState {
    return this.#durable.stored()
  }

  /** All records of sources that are durable, in their order, and those that the run has handed over. */
  records(): ShardRecord[] {
    return [...this.#durable.records, ...(this.#session?.queued ?? [])]
  }

  get durableRecords(): readonly ShardRecord[] {
    return this.#durable.records
  }

  commit(records: readonly ShardRecord[]): void {
    this.#durable.append(records)
    for (const record of records) {
      if (record.kind === 'cursor') this.accounts.set(`${record.cursor.source} ${record.cursor.output}`, record.cursor)
    }
  }

  flush(): void {
    this.#session?.flush()
  }

  ledgers(): Ledger[] {
    return [...this.accounts.values()].map(({ ledger }) => ledger)
  }
}

class Session implements StateLink {
  durable = 0
  queued: ShardRecord[] = []
  readonly #state: LossyState
  readonly #clock: FakeClock
  #appended = 0
  #isOver = false
  #isDue = false
  #waiting: { readonly number: number; readonly resolve: () => void }[] = []

  constructor(state: LossyState, clock: FakeClock) {
    this.#state = state
    this.#clock = clock
  }

  get writable(): boolean {
    return this.#state.mode !== 'full'
  }

  append(records: readonly ShardRecord[]): number {
    if (this.#isOver) return ++this.#appended
    this.queued.push(...structuredClone(records))
    this.#schedule()
    return ++this.#appended
  }

  untilDurable(number: number): Promise<void> {
    if (number <= this.durable) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ number, resolve }))
  }

  flush(): void {
    if (this.#isOver) return
    this.#state.commit(this.queued.splice(0))
    this.durable = this.#appended
    const waiting = this.#waiting.splice(0)
    for (const { resolve } of waiting) resolve()
  }

  end(): void {
    this.#isOver = true
  }

  #schedule(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#clock.after(commitMs, () => {
      this.#isDue = false
      if (this.#state.mode === 'ok') this.flush()
      else this.#schedule()
    })
  }
}
