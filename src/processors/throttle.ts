import { defineProcessor } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import { Fate } from '../core/row.ts'
import type { Processor, ProcessorContext } from '../core/steps.ts'
import { aboutIf, Chosen } from './chosen.ts'
import { aboutKey, KeyMemory } from './memory/key-memory.ts'
import { LaneClock } from './memory/lane-clock.ts'
import { LeftOutField } from './memory/left-out.ts'

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
  create: (options, context) => new Throttle(new Limit(options, context))
})

interface ThrottleOptions {
  readonly rate: number
  readonly burst?: number | undefined
  readonly key: readonly string[]
  readonly maxKeys: number
  readonly if?: string | undefined
}

/** What all lanes share. */
class Limit {
  readonly chosen: Chosen
  readonly memory: KeyMemory
  readonly field: LeftOutField
  /** A row fills a bucket by so much, which drains by itself. */
  readonly rowMs: number
  readonly bucketMs: number

  constructor(options: ThrottleOptions, context: ProcessorContext) {
    const { rate, burst = Math.max(1, Math.ceil(rate)) } = options
    this.chosen = new Chosen(options.if, context.keys)
    this.memory = new KeyMemory(options.key, options.maxKeys, context)
    this.field = new LeftOutField(context.keys, 'log.throttled')
    this.rowMs = 1000 / rate
    this.bucketMs = burst * this.rowMs
  }
}

/** Leaky buckets, kept as the time at which each is empty again. */
class Throttle implements Processor {
  readonly #limit: Limit
  readonly #lane: number
  readonly #clock = new LaneClock()
  /** The bucket of rows without a key. */
  #othersUntil = Number.NaN

  constructor(limit: Limit) {
    this.#limit = limit
    this.#lane = limit.memory.newLane()
  }

  forLane(): Processor {
    return new Throttle(this.#limit)
  }

  apply(batch: Batch): void {
    const { memory, chosen } = this.#limit
    const wanted = chosen.of(batch)
    memory.open(batch, this.#lane)
    for (let row = 0; row < batch.rows; row++) {
      if (wanted[row] === 0) continue
      const now = this.#clock.at(batch, row)
      const key = memory.find(row)
      if (key < 0) this.#passOther(batch, row, now)
      else this.#pass(batch, row, key, now)
    }
    memory.close()
  }

  #pass(batch: Batch, row: number, key: number, now: number): void {
    const { memory, field } = this.#limit
    const until = this.#filled(memory.until[key]!, now)
    if (until < 0) {
      batch.fate[row] = Fate.throttled
      memory.leftOut[key]!++
      return
    }
    memory.until[key] = until
    const leftOut = memory.leftOut[key]!
    if (leftOut > 0 && field.tell(batch, row, leftOut)) memory.leftOut[key] = 0
  }

  #passOther(batch: Batch, row: number, now: number): void {
    const until = this.#filled(this.#othersUntil, now)
    if (until < 0) batch.fate[row] = Fate.throttled
    else this.#othersUntil = until
  }

  /** When a bucket will be empty once a row more is in it; -1 if it has no room. */
  #filled(until: number, now: number): number {
    const { rowMs, bucketMs } = this.#limit
    const full = until - now
    // a new one is NaN; one that is fuller than it can be is of a time before the clock went back
    if (!(full > 0 && full < bucketMs + rowMs)) return now + rowMs
    return full + rowMs > bucketMs + roundingMs ? -1 : until + rowMs
  }
}
