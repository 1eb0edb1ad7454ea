import { deliveryDefaults } from '../config/delivery-defaults.ts'

/** How an output is fed. Every field has a default. */
export interface DeliveryOptions {
  /** A request is sent when it has so many bytes … */
  readonly batchBytes: number
  /** … or so long after its first row. One that comes after a quiet time is sent at once. */
  readonly flushMs: number
  /** Encoded bytes in memory, whatever they wait for. When they are full, reading stops. */
  readonly maxInFlightBytes: number
  /** Requests at a time, at most; how many is found out. */
  readonly maxConcurrency: number
  readonly retry: RetryOptions
  readonly letters: LetterOptions
  /** Rows that are older, by their own time, when they are appended are given up. */
  readonly maxBacklogAgeMs: number
  /** Dead letters sent again are given up after this time, as far as they are not on their way. */
  readonly replayMs: number
  /** 0 to below 1; tests bring their own. */
  readonly random: () => number
  /** Fills released buffers with 0xDD, so that tests notice late readers. */
  readonly poison: boolean
}

export interface RetryOptions {
  /** Longest wait after the first failure; it doubles with each … */
  readonly minMs: number
  /** … up to here. */
  readonly maxMs: number
}

export interface LetterOptions {
  /** Bytes of dead letters that may be stored. */
  readonly maxBytes: number
  readonly whenFull: 'pause' | 'drop'
  /** Bytes of stored letters: all that are durable, maybe more, never less. What is on its way there is added here. */
  readonly storedBytes: () => number
}

const { retryMinMs, retryMaxMs, deadLetters, ...defaults } = deliveryDefaults

export const defaultOptions: DeliveryOptions = {
  ...defaults,
  retry: { minMs: retryMinMs, maxMs: retryMaxMs },
  letters: { maxBytes: deadLetters.maxBytes, whenFull: deadLetters.whenFull, storedBytes: () => 0 },
  maxBacklogAgeMs: Infinity,
  replayMs: 30_000,
  random: Math.random,
  poison: false
}
