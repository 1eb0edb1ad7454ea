import { Complaints } from './complaints.ts'
import type { Courier } from './courier.ts'
import type { Gate } from './gate.ts'
import type { SenderParts } from './request.ts'

/** What it means for an output that nothing was taken: when the next attempt may begin, and what people are told. */
export class Trouble {
  readonly #courier: Courier
  readonly #gate: Gate
  readonly #books: SenderParts['books']
  readonly #complaints: Complaints

  constructor(courier: Courier, gate: Gate, parts: Pick<SenderParts, 'id' | 'clock' | 'log' | 'books'>) {
    this.#courier = courier
    this.#gate = gate
    this.#books = parts.books
    this.#complaints = new Complaints(parts)
  }

  /** It may be over by itself. `epoch` is that of the gate when the attempt began. */
  retry(epoch: number, retryAfterMs: number | undefined, error: string): void {
    const inMs = Math.round(this.#gate.failed(epoch, retryAfterMs))
    const rows = this.#books.pendingRows
    this.#complaints.retrying(this.#gate.failures === 1, { error, inMs, rows })
  }

  /** Somebody has to do something. What they do may concern what the output has prepared. */
  pause(reason: string, error: string): void {
    this.#courier.isPrepared = false
    this.#complaints.paused(this.#gate.pause(reason), { reason, error, everyMs: this.#gate.pausedEveryMs })
  }
}
