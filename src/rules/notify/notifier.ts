import type { Clock } from '../../core/clock.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { StoredNotice } from '../../core/record.ts'

/** Tells one receiver what there is to tell, in its own time. */
export interface Notifier<T> {
  /** Does not wait and does not throw. After `stop` it does nothing. */
  add(all: readonly T[]): void
  readonly status: NotifierStatus
  /** Tells what is not told yet, as far as the receiver takes it within the time. */
  stop(withinMs: number): Promise<void>
}

/** How a receiver is doing. */
export interface NotifierStatus {
  readonly name: string
  readonly told: 'alerts' | 'samples'
  /** Alerts or samples that it is not told yet. */
  readonly waiting: number
  /** Since the start. */
  readonly sent: number
  readonly dropped: number
  /** Why it was not told last, until it is. */
  readonly error?: string
}

export interface NotifyContext {
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** 0 to below 1. */
  readonly random: () => number
  /** Left out: what was told is forgotten with the process. */
  readonly memory?: NoticeMemory
}

/** What receivers were told, over restarts. */
export interface NoticeMemory {
  readonly notices: readonly StoredNotice[]
  store(notice: StoredNotice): void
}
