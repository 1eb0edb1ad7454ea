import type { Clock } from '../core/clock.ts'
import { crashPoint } from '../core/crash-points.ts'
import { messageOf, SendError } from '../core/errors.ts'
import type { Output, Verdicts } from '../core/output.ts'
import type { StateLink } from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import type { Parcel } from './parcel.ts'

const acksBeforeFsync = hasBug('ack-before-fsync')

export interface Answer {
  readonly verdicts: Verdicts
  /** How long the server took. */
  readonly ms: number
}

/** Carries one parcel to the server, once. */
export class Courier {
  /** The output is ready to send. Set back after a pause, as somebody may have changed the server. */
  isPrepared = false
  /** Who answered last; empty before. */
  server = ''
  readonly #output: Output
  readonly #link: StateLink
  readonly #clock: Clock
  readonly #abort = new AbortController()

  constructor(output: Output, link: StateLink, clock: Clock) {
    this.#output = output
    this.#link = link
    this.#clock = clock
  }

  get isClosed(): boolean {
    return this.#abort.signal.aborted
  }

  close(): void {
    this.#abort.abort()
  }

  /** The answer, or the fault; nothing when the output was closed before it was sent. Never rejects. */
  async carry(parcel: Parcel): Promise<Answer | SendError | undefined> {
    if (this.#link.durable < parcel.barrier && !acksBeforeFsync) await this.#durable(parcel.barrier)
    if (this.isClosed) return undefined
    return (await this.prepare()) ?? (await this.#send(parcel))
  }

  /** Makes the output ready if it is not; tells the fault. Never rejects. */
  async prepare(): Promise<SendError | undefined> {
    if (this.isPrepared) return undefined
    try {
      this.server = (await this.#output.prepare?.(this.#abort.signal)) ?? ''
      this.isPrepared = true
      return undefined
    } catch (error) {
      const fault = asSendError(error)
      // nothing was sent that could be split
      return fault.fault === 'split'
        ? new SendError(fault.message, 'retry', { status: fault.status, cause: error })
        : fault
    }
  }

  /** Resolves when the barrier is durable or the output is closed. Not `Promise.race`: its reactions would pile up on a promise
   * that lives as long as the output. */
  #durable(barrier: number): Promise<void> {
    const { signal } = this.#abort
    return new Promise(resolve => {
      const stop = (): void => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      signal.addEventListener('abort', stop)
      void this.#link.untilDurable(barrier).then(stop)
    })
  }

  async #send(parcel: Parcel): Promise<Answer | SendError> {
    const start = this.#clock.monotonic()
    if (parcel.firstSentAt === 0) parcel.firstSentAt = this.#clock.now()
    try {
      crashPoint('delivery.send.before')
      const verdicts = await this.#output.send(parcel, this.#abort.signal)
      crashPoint('delivery.send.after')
      return { verdicts, ms: this.#clock.monotonic() - start }
    } catch (error) {
      const fault = asSendError(error)
      parcel.attempt++
      parcel.unknown ||= fault.unknown
      return fault
    }
  }
}

/** An output that throws anything else has a defect: nobody knows how far it got. */
function asSendError(error: unknown): SendError {
  return error instanceof SendError ? error : new SendError(messageOf(error), 'retry', { unknown: true, cause: error })
}
