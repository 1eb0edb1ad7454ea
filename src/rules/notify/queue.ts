import type { Clock } from '../../core/clock.ts'
import { messageOf, SendError } from '../../core/errors.ts'
import { limited, type Log } from '../../core/log.ts'
import type { Channel } from './channel.ts'
import { Counts, type Told } from './counts.ts'
import type { Notifier, NotifierStatus, NotifyContext } from './notifier.ts'
import { Patience, sayEveryMs } from './patience.ts'

/** What waits in a queue. */
export interface QueueKind<T> {
  readonly told: Told
  /** The same for all states of one thing. */
  idOf(one: T): string
  /** For the log. */
  nameOf(one: T): string
  readonly mostWaiting: number
  readonly mostInBatch: number
  /** Of a batch that is refused the parts are tried, to find what it was refused for; else all of it is dropped. */
  readonly isDivided: boolean
}

/**
 * What is on its way to one receiver, which may be away. Of each thing only the newest state waits, in the place of the older one. When
 * too many wait, the oldest are dropped and counted.
 */
export class Queue<T> implements Notifier<T> {
  readonly #kind: QueueKind<T>
  readonly #channel: Channel<T>
  readonly #clock: Clock
  readonly #log: Log
  readonly #counts: Counts
  readonly #patience: Patience
  readonly #waiting = new Map<string, T>()
  #sending: ReadonlyMap<string, T> = new Map()
  readonly #abort = new AbortController()
  #batch: number
  #running: Promise<void> | undefined
  #isStopping = false

  constructor(kind: QueueKind<T>, channel: Channel<T>, context: NotifyContext) {
    this.#kind = kind
    this.#batch = kind.mostInBatch
    this.#channel = channel
    this.#clock = context.clock
    this.#log = limited(context.log, sayEveryMs, () => context.clock.monotonic())
    this.#counts = new Counts(context.meter, channel.name, kind.told)
    this.#patience = new Patience(channel.name, context, kind.told)
  }

  /** Does not wait and does not throw. After `stop` it does nothing. */
  add(all: readonly T[]): void {
    if (this.#isStopping) return
    for (const one of all) this.#waiting.set(this.#kind.idOf(one), one)
    this.#dropOldest()
    this.#counts.waiting.value = this.#waiting.size
    if (this.#waiting.size > 0) this.#running ??= this.#run()
  }

  get status(): NotifierStatus {
    return this.#counts.status(this.#channel.name, this.#patience.error)
  }

  /** Sends what waits, as far as the receiver takes it at once and within the time; the rest is dropped. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true
    this.#patience.end()
    const cancel = this.#clock.after(withinMs, () => this.#abort.abort())
    await this.#running
    cancel()
    this.#channel.close()
    const left = this.#waiting.size
    if (left === 0) return
    this.#waiting.clear()
    this.#counts.waiting.value = 0
    this.#counts.dropped.value += left
    const { told } = this.#kind
    this.#log.warn(`Cannot tell "${this.#channel.name}" the last ${told}: they are dropped`, { [told]: left })
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const isTaken = await this.#try()
      if (!isTaken && this.#isStopping) break
      if (!isTaken) await this.#patience.wait()
    }
    this.#running = undefined
  }

  /** Whether what was sent is settled. */
  async #try(): Promise<boolean> {
    this.#sending = firstOf(this.#waiting, this.#batch)
    const begun = this.#clock.monotonic()
    try {
      await this.#channel.send([...this.#sending.values()], this.#abort.signal)
      this.#counts.request('ok', this.#clock.monotonic() - begun)
      this.#counts.sent.value += this.#sending.size
      this.#settle()
      this.#batch = Math.min(this.#batch * 2, this.#kind.mostInBatch)
      this.#patience.succeeded()
      return true
    } catch (error) {
      this.#counts.request('failed', this.#clock.monotonic() - begun)
      return this.#failed(error instanceof SendError ? error : new SendError(messageOf(error), 'retry'))
    } finally {
      this.#sending = new Map()
      this.#counts.waiting.value = this.#waiting.size
    }
  }

  #failed(error: SendError): boolean {
    if (error.fault !== 'split') {
      this.#patience.failed(error, this.#waiting.size)
      return false
    }
    const { isDivided } = this.#kind
    const { size } = this.#sending
    if (isDivided) this.#batch = Math.ceil(size / 2)
    if (isDivided && size > 1) return true
    // What the receiver does not take; nothing else waits for it.
    const [first] = this.#sending.values()
    this.#patience.refused(error, first === undefined ? '' : this.#kind.nameOf(first))
    this.#counts.dropped.value += size
    this.#settle()
    return true
  }

  /** What has changed meanwhile has still to be sent. */
  #settle(): void {
    for (const [id, one] of this.#sending) if (this.#waiting.get(id) === one) this.#waiting.delete(id)
  }

  #dropOldest(): void {
    const { mostWaiting, told } = this.#kind
    let surplus = this.#waiting.size - mostWaiting
    if (surplus <= 0) return
    this.#counts.dropped.value += surplus
    this.#log.warn(`Too many ${told} wait for "${this.#channel.name}": the oldest are dropped`, { most: mostWaiting })
    for (const id of this.#waiting.keys()) {
      if (surplus === 0) break
      // Those on their way are told, or wait again.
      if (this.#sending.has(id)) continue
      this.#waiting.delete(id)
      surplus--
    }
  }
}

function firstOf<T>(all: ReadonlyMap<string, T>, count: number): Map<string, T> {
  const first = new Map<string, T>()
  for (const [id, one] of all) {
    if (first.size === count) break
    first.set(id, one)
  }
  return first
}
