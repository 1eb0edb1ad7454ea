import { ask } from '../../src/cli/client.ts'
import type { CollectorStatus } from '../../src/pipeline/collector.ts'
import { delay, type Site } from './process.ts'

/** Undefined where no collector runs, or its threads are too busy to answer in time. */
export function statusOf({ state }: Site): Promise<CollectorStatus | undefined> {
  return ask<CollectorStatus>(state, { path: '/api/v1/status' }).catch(() => undefined)
}

/** Waits for an answer. */
export async function statusNow(site: Site): Promise<CollectorStatus> {
  for (const end = performance.now() + 60_000; performance.now() < end; await delay(20)) {
    const status = await statusOf(site)
    if (status !== undefined) return status
  }
  throw new Error('The collector does not answer')
}
