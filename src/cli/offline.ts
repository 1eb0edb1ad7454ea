import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '../core/log.ts'
import type { StateReader } from '../state/reader.ts'
import { notRunning } from './client.ts'

/** Looks into the state of a collector that does not run. */
export async function readOffline<T>(stateDir: string, look: (state: StateReader) => T): Promise<T> {
  if (!existsSync(join(stateDir, 'state.db'))) throw notRunning(stateDir)
  const { StateReader } = await import('../state/reader.ts')
  const state = StateReader.open(stateDir, silentLog)
  try {
    return look(state)
  } finally {
    state.close()
  }
}
