import type { DeliveryConfig } from './config.ts'

const mebi = 1024 * 1024

/** How outputs are fed where a file says nothing. Here, as both the schema and delivery/ need it, and a shard does without zod. */
export const deliveryDefaults: DeliveryConfig = {
  batchBytes: 5 * mebi,
  flushMs: 250,
  maxInFlightBytes: 16 * mebi,
  maxConcurrency: 8,
  retryMinMs: 1000,
  retryMaxMs: 60_000,
  deadLetters: { maxBytes: 256 * mebi, maxAgeMs: 7 * 86_400_000, whenFull: 'pause' }
}
