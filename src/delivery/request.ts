import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Output } from '../core/output.ts'
import type { StateLink } from '../core/record.ts'
import type { Books } from './books.ts'
import type { Budget } from './budget.ts'
import type { Letters } from './letters.ts'
import type { RetryOptions } from './options.ts'
import type { Packer } from './packer.ts'
import type { Parcel } from './parcel.ts'
import type { Refusals } from './refusals.ts'
import type { Returns } from './returns.ts'
import type { Settler } from './settler.ts'

export interface SenderParts {
  readonly id: string
  readonly output: Output
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  readonly books: Books
  readonly budget: Budget
  readonly refusals: Refusals
  readonly letters: Letters
  readonly returns: Returns
  readonly settler: Settler
  readonly packer: Packer
  readonly maxConcurrency: number
  readonly batchBytes: number
  readonly retry: RetryOptions
  readonly random: () => number
  /** The output has ended. */
  readonly onEnd: () => void
}

/** A request on its way. */
export interface Request {
  readonly parcel: Parcel
  readonly size: number
  /** Of the gate, when it began. */
  readonly epoch: number
  /** It took the last slot while others were waiting. */
  readonly isFull: boolean
  /** One row, to see whether the server still refuses everything; see Refusals. */
  readonly probe: Probe
}
export type Probe = 'none' | 'fresh' | 'kept'
