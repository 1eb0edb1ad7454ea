import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { StoredState } from '../core/record.ts'
import { readOffline } from './offline.ts'

interface Known {
  readonly stored: StoredState
  /** Undefined: the first run makes one up. */
  readonly hostId: string | undefined
}

/** What earlier runs of a collector know; nothing where none was. Changes nothing, also while one runs. */
export async function knownOf({ collector }: Config): Promise<Known> {
  const { knownHostId } = await import('../pipeline/host-id.ts')
  const { stateDir } = collector
  const nothing: StoredState = { sources: [], cursors: [], cuts: [], parsers: {}, notes: {}, observed: [] }
  const hasState = existsSync(join(stateDir, 'state.db'))
  const stored = hasState ? await readOffline(stateDir, reader => ({ ...reader.load(), cursors: [] })) : nothing
  return { stored, hostId: knownHostId(stateDir) }
}
