import type { End } from '../core/outcome.ts'
import type { Books } from './books.ts'
import type { Budget } from './budget.ts'
import type { Letters } from './letters.ts'
import type { Refusals, UndecidedRows } from './refusals.ts'
import type { Sender } from './sender.ts'

/** How an output stands, for status pages and alerts. */
export interface OutputStatus {
  readonly id: string
  readonly state: 'running' | 'retrying' | 'paused'
  /** Why it is paused; empty when it is not. */
  readonly reason: string
  /** While it is paused, a request goes out so often to see whether it still has to be; 0: none does. */
  readonly tryEveryMs: number
  /** Epoch ms of the last change of state. */
  readonly since: number
  /** Who answered last, in words for people; empty before, and where there is nobody to ask. */
  readonly server: string
  readonly concurrency: number
  readonly inFlightRequests: number
  readonly inFlightBytes: number
  /** For how long the oldest of them has had no answer. */
  readonly waitingMs: number
  /** All encoded bytes in memory; reading stops at `maxInFlightBytes`. */
  readonly bufferedBytes: number
  readonly queuedRequests: number
  readonly pendingRows: number
  /** Refused rows that wait for a decision, or for the server to take rows again. */
  readonly heldRows: number
  /** Those of them that wait for a decision. */
  readonly undecided: UndecidedRows
  /** Failed attempts since the last success. */
  readonly failures: number
  readonly retriedRows: number
  readonly idCollisions: number
  /** Most bytes of a request, as learned. */
  readonly limitBytes: number
  readonly lastError: { readonly at: number; readonly message: string; readonly status: number } | undefined
  readonly rows: Readonly<Record<End, number>>
}

/** The parts of a delivery that have something to say. */
export interface StatusParts {
  readonly id: string
  readonly sender: Sender
  readonly books: Books
  readonly budget: Budget
  readonly letters: Letters
  readonly refusals: Refusals
}

export function statusOf({ id, sender, books, budget, letters, refusals }: StatusParts): OutputStatus {
  const { gate, queue } = sender
  const { isFull } = letters
  return {
    id,
    state: isFull ? 'paused' : gate.state,
    reason: isFull ? 'dead_letters_full' : gate.reason,
    tryEveryMs: isFull || sender.isEnded || gate.state !== 'paused' ? 0 : gate.pausedEveryMs,
    since: isFull ? letters.fullSince : gate.since,
    server: sender.server,
    concurrency: sender.concurrency.limit,
    inFlightRequests: sender.inFlight,
    inFlightBytes: sender.inFlightBytes,
    waitingMs: sender.waitingMs,
    bufferedBytes: budget.used,
    queuedRequests: queue.length,
    pendingRows: books.pendingRows,
    heldRows: refusals.heldRows,
    undecided: refusals.undecided,
    failures: gate.failures,
    retriedRows: books.retriedRows.value,
    idCollisions: books.idCollisions.value,
    limitBytes: queue.limit.bytes,
    lastError: books.lastError,
    rows: books.counts()
  }
}
