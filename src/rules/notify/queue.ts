import type { Clock } from '../../core/clock.ts'
import { messageOf, SendError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Alert } from '../alert.ts'
import { type Channel, identityOf } from './channel.ts'
import { Counts } from './counts.ts'
import type { Notifier, NotifierStatus, NotifyContext } from './notifier.ts'
import { Patience } from './patience.ts'

const mostWaiting = 10_000
const mostInBatch = 256

/**
 * Alerts on their way to one receiver, which may be away. Of an alert only the newest state waits, in the place of the older one.
 * When too many wait, the oldest are dropped and counted.
 */
export class AlertQueue implements Notifier {
  readonly #channel: Channel
  readonly #clock: Clock
  readonly #log: Log
  readonly #counts: Counts
  readonly #patience: Patience
  readonly #waiting = new Map<string, Alert>()
  #sending: ReadonlyMap<string, Alert> = new Map()
  readonly #abort = new AbortController()
  #batch = mostInBatch
  #running: Promise<void> | undefined
  #isStopping = false

  constructor(channel: Channel, context: NotifyContext) {
    this.#channel = channel
    this.#clock = context.clock
    this.#log = context.log
    this.#counts = new Counts(context.meter, channel.name)
    this.#patience = new Patience(channel.name, context)
  }

  /** Does not wait and does not throw. After `stop` it does nothing. */
  add(alerts: readonly Alert[]): void {
    if (this.#isStopping) return
    for (const alert of alerts) this.#waiting.set(identityOf(alert), alert)
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
    this.#log.warn(`Cannot tell "${this.#channel.name}" the last alerts: they are dropped`, { alerts: left })
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
    this.#sending = new Map([...this.#waiting].slice(0, this.#batch))
    const begun = this.#clock.monotonic()
    try {
      await this.#channel.send([...this.#sending.values()], this.#abort.signal)
      this.#counts.request('ok', this.#clock.monotonic() - begun)
      this.#counts.sent.value += this.#sending.size
      this.#settle()
      this.#batch = Math.min(this.#batch * 2, mostInBatch)
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
    this.#batch = Math.ceil(this.#sending.size / 2)
    if (this.#sending.size > 1) return true
    // The one that the receiver does not take; nothing else waits for it.
    const [alert] = this.#sending.values()
    this.#patience.refused(error, alert?.labels['alertname'] ?? '')
    this.#counts.dropped.value++
    this.#settle()
    return true
  }

  /** What has changed meanwhile has still to be sent. */
  #settle(): void {
    for (const [id, alert] of this.#sending) if (this.#waiting.get(id) === alert) this.#waiting.delete(id)
  }

  #dropOldest(): void {
    let surplus = this.#waiting.size - mostWaiting
    if (surplus <= 0) return
    this.#counts.dropped.value += surplus
    this.#log.warn(`Too many alerts wait for "${this.#channel.name}": the oldest are dropped`, { most: mostWaiting })
    for (const id of this.#waiting.keys()) {
      if (surplus === 0) break
      // Those on their way are told, or wait again.
      if (this.#sending.has(id)) continue
      this.#waiting.delete(id)
      surplus--
    }
  }
}
