import type { Courier } from './courier.ts'
import { type Gate, pauseReason } from './gate.ts'
import type { SenderParts } from './request.ts'
import type { Trouble } from './trouble.ts'

type KnockParts = Pick<SenderParts, 'id' | 'log' | 'books' | 'output'>

/** Finds out whether a server is there before there is a row to send, so that a wrong address is told at the start. */
export class Knock {
  /** It may ask. */
  isOpen = false
  readonly #courier: Courier
  readonly #gate: Gate
  readonly #trouble: Trouble
  readonly #parts: KnockParts

  constructor(courier: Courier, gate: Gate, trouble: Trouble, parts: KnockParts) {
    this.#courier = courier
    this.#gate = gate
    this.#trouble = trouble
    this.#parts = parts
  }

  /** There is a server to ask, and it has not answered yet. */
  get isUnanswered(): boolean {
    return this.isOpen && this.#parts.output.prepare !== undefined && !this.#courier.isPrepared
  }

  /** Asks once. Never rejects. */
  async ask(): Promise<void> {
    const fault = await this.#courier.prepare()
    if (this.#courier.isClosed) return
    const { id, log, books } = this.#parts
    if (fault === undefined) {
      this.#gate.succeeded()
      log.info(`Output "${id}" answers`, { server: this.#courier.server })
      return
    }
    const message = books.noted(fault.message, fault.status)
    if (fault.fault === 'pause') this.#trouble.pause(pauseReason(fault.status), message)
    else this.#trouble.retry(this.#gate.epoch, fault.retryAfterMs, message)
    this.#gate.knocked()
  }
}
