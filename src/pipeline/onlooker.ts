import { systemClock } from '../core/clock.ts'
import { silentLog } from '../core/log.ts'
import { Meter } from '../core/metrics.ts'
import { noLink, type StoredState } from '../core/record.ts'
import { Follower } from '../inputs/file/follower.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { InputPlan } from './plan.ts'

export interface OnlookerParts {
  readonly hostId: string
  readonly hostName: string
  /** What earlier runs know. */
  readonly stored: StoredState
  /** Left out: nobody reads what is there. */
  readonly open?: (source: FileSource) => void
  readonly wake?: () => void
  /** Its clock; left out: the system's. */
  readonly monotonic?: () => number
}

/** A follower of an input that looks when it is told to (`scan`), and of which nothing is kept. */
export function onlooker({ follow, ...of }: InputPlan, parts: OnlookerParts): Follower {
  const { hostId, hostName, stored, open = () => {}, wake = () => {}, monotonic } = parts
  const clock = { ...systemClock, ...(monotonic && { monotonic }), after: () => () => {} }
  const context = { hostId, hostName, stored, link: noLink, clock, log: silentLog, meter: new Meter() }
  return new Follower({ ...follow, ...of }, { ...context, open, wake, settledAll: () => 0 })
}
