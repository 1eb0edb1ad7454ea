import type { OutputContext } from '../../src/config/define.ts'
import { systemClock } from '../../src/core/clock.ts'
import { Keys } from '../../src/core/keys.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'

/** What an output gets when it is created; `notes` are what it stores over restarts. */
export function newContext(notes = new Map<string, string>(), more: Partial<OutputContext> = {}): OutputContext {
  return {
    name: 'out',
    id: 'main/out',
    hostName: 'node-1',
    keys: new Keys(),
    clock: systemClock,
    log: silentLog,
    meter: new Meter(),
    note: key => notes.get(key),
    setNote: (key, value) => {
      notes.set(key, value)
      return Promise.resolve()
    },
    cursor: () => 0,
    ...more
  }
}
