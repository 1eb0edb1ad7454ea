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
  readonly #parts: Pick<SenderParts, 'id' | 'log' | 'books' | 'output'>

  constructor(courier: Courier, gate: Gate, parts: Pick<SenderParts, 'id' | 'log' | 'books' | 'output'>) {
    this.#courier = courier
    this.#gate = gate
    this.#parts = parts
  }

  /** Rows that wait find out by themselves. */
  get isDue(): boolean {
    const { books, output } = this.#parts
    return this.isOpen && output.prepare !== undefined && !this.#courier.isPrepared && books.pendingRows === 0
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
