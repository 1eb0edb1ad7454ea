import { defineProcessor } from '../config/define.ts'
import { Fate } from '../core/row.ts'
import { aboutIf } from './chosen.ts'
import { aboutKey } from './memory/key-memory.ts'
import { type Rule, sieveOf } from './memory/sieve.ts'

const kind = { fate: Fate.throttled, field: 'log.throttled', keyless: 'share a key' } as const
/** Sums of times of so many milliseconds are that exact. */
const roundingMs = 0.001
const line = '{"level":"info","service":"billing","msg":"tick","time":"2026-11-22T10:00:00Z"}'
const row = { time: '2026-11-22T10:00:00.000Z', level: 'info', service_name: 'billing', body: 'tick' }

/** Lets only so many rows of a kind pass. */
export const throttle = defineProcessor({
  name: 'throttle',
  summary:
    'Lets only so many rows a second pass, of each service or by other fields, in each file by itself; by the times of the rows. The others count as throttled, and the next row that passes says in log.throttled how many.',
  options: t => ({
    rate: t.z
      .number()
      .min(0.001)
      .max(100_000)
      .describe('Rows a second that pass of each key; parts of one are possible: 0.1 is one in ten seconds.'),
    burst: t.count('Rows that pass at once after a quiet time; left out: those of a second.', { min: 1 }).optional(),
    key: t.list(aboutKey, t.text('A label, or "body".')).min(1).default(['service_name']),
    maxKeys: t
      .count('Keys that are remembered at a time, of all files; rows of further ones share one bucket a file.', {
        min: 1,
        max: 1_000_000
      })
      .default(10_000),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    { title: 'At most 500 rows a second of each service', config: 'rate: 500\nburst: 2000', input: line, output: row },
    {
      title: 'Of each debug message of a container, one in ten seconds',
      config: `rate: 0.1\nburst: 1\nkey: [container, body]\nif: '{level="debug"}'`,
      input: line,
      output: row
    }
  ],
  create: (options, context) => {
    const { rate, burst = Math.max(1, Math.ceil(rate)) } = options
    return sieveOf({ ...kind, rule: new Bucket(rate, burst) }, options, context)
  }
})

/** A leaky bucket: each row fills it by so much, and it drains by itself. Remembered is when it will be empty. */
class Bucket implements Rule {
  readonly #rowMs: number
  readonly #bucketMs: number

  constructor(rate: number, burst: number) {
    this.#rowMs = 1000 / rate
    this.#bucketMs = burst * this.#rowMs
  }

  next(until: number, now: number): number {
    const rowMs = this.#rowMs
    const full = until - now
    // fuller than it can be: of a time before the clock was set back
    if (!(full > 0 && full < this.#bucketMs + rowMs)) return now + rowMs
    return full + rowMs > this.#bucketMs + roundingMs ? -1 : until + rowMs
  }
}
