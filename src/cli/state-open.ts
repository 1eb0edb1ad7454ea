import { systemClock } from '../core/clock.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { StateStore } from '../state/store.ts'

/** Opens a state to change it, which nobody can while a collector runs. The caller closes it. */
export async function openState(stateDir: string, purpose: string, log: Log): Promise<StateStore> {
  const { StateStore } = await import('../state/store.ts')
  try {
    return StateStore.open(stateDir, { clock: systemClock, log })
  } catch (error) {
    if (!(error instanceof ExitError) || error.exitCode !== exitCodes.alreadyRunning) throw error
    throw new ExitError(`Cannot ${purpose}: ${error.message}. Stop it first`, exitCodes.alreadyRunning, error)
  }
}
