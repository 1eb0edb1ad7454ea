import type { SendError } from '../core/errors.ts'
import type { Courier } from './courier.ts'
import type { Gate } from './gate.ts'
import type { SenderParts } from './request.ts'

/** Finds out whether a server is there before there is a row to send, so that a wrong address is told at the start. */
export class Knock {
  /** It may ask. */
  isOpen = false
  readonly #courier: Courier
  readonly #gate: Gate
  readonly #parts: Pick<SenderParts, 'id' | 'log' | 'output'>

  constructor(courier: Courier, gate: Gate, parts: Pick<SenderParts, 'id' | 'log' | 'output'>) {
    this.#courier = courier
    this.#gate = gate
    this.#parts = parts
  }

  /** There is a server to ask, and it has not answered yet. */
  get isUnanswered(): boolean {
    return this.isOpen && this.#parts.output.prepare !== undefined && !this.#courier.isPrepared
  }

  /** Asks once; tells the fault. Never rejects. */
  async ask(): Promise<SendError | undefined> {
    const fault = await this.#courier.prepare()
    if (this.#courier.isClosed) return undefined
    if (fault !== undefined) return fault
    const { id, log } = this.#parts
    this.#gate.succeeded()
    log.info(`Output "${id}" answers`, { server: this.#courier.server })
    return undefined
  }
}
