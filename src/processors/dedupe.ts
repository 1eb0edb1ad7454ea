import { defineProcessor } from '../config/define.ts'
import { Fate } from '../core/row.ts'
import { aboutIf } from './chosen.ts'
import { aboutKey } from './memory/key-memory.ts'
import { type Rule, sieveOf } from './memory/sieve.ts'

const kind = { fate: Fate.deduplicated, field: 'log.deduplicated', keyless: 'pass' } as const
const line = '{"level":"warn","service":"billing","msg":"pool is full","time":"2026-11-22T10:00:00Z"}'
const row = { time: '2026-11-22T10:00:00.000Z', level: 'warn', service_name: 'billing', body: 'pool is full' }

/** Lets rows that say the same pass once in a while. */
export const dedupe = defineProcessor({
  name: 'dedupe',
  summary:
    'Lets a row pass once in a window of time, in each file by itself and by the times of the rows. Those that repeat it count as deduplicated, and the next one that passes says in log.deduplicated how many.',
  options: t => ({
    window: t
      .duration('For how long a row that has passed holds back the ones that repeat it.', { min: 1 })
      .default(10_000),
    key: t.list(aboutKey, t.text('A label, or "body".')).min(1).default(['service_name', 'level', 'body']),
    maxKeys: t
      .count('Rows that are remembered at a time, of all files; further ones pass, and so do those above 4 KiB.', {
        min: 1,
        max: 1_000_000
      })
      .default(5000),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    { title: 'Each message once in ten seconds', config: '{}', input: line, output: row },
    {
      title: 'Each kind of error of a service once a minute, whatever the rest of the row is',
      config: `window: 1m\nkey: [service_name, error_type]\nif: '{level="error", error_type!=""}'`,
      input: line,
      output: row
    }
  ],
  create: (options, context) => sieveOf({ ...kind, rule: new Window(options.window) }, options, context)
})

/** Remembered is when the window of the row that has passed ends. */
class Window implements Rule {
  readonly #ms: number

  constructor(ms: number) {
    this.#ms = ms
  }

  next(until: number, now: number): number {
    const left = until - now
    // longer than it can be: of a time before the clock was set back
    return left > 0 && left <= this.#ms ? -1 : now + this.#ms
  }
}
