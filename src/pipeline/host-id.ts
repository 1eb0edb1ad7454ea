import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fsyncDirectory } from '../state/files.ts'

const machineIdFile = '/etc/machine-id'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The machine's id, else a UUID kept in the state directory; never a pod's name (it changes with every restart). */
export function hostIdOf(stateDir: string, machineFile: string = machineIdFile): string {
  const machine = machineIdIn(machineFile)
  if (machine !== undefined) return machine
  // Where it is there and can not be read, another one would send every row again.
  const stored = hostIdIn(stateDir)
  if (stored !== undefined) return stored
  const id = randomUUID()
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  putHostId(stateDir, id)
  return id
}

/** The same where it exists already; nothing is made. */
export function knownHostId(stateDir: string): string | undefined {
  return machineIdIn(machineIdFile) ?? hostIdIn(stateDir)
}

/** The one that a state directory keeps, if it does. */
export function hostIdIn(stateDir: string): string | undefined {
  return idIn(join(stateDir, 'host-id'), uuid)
}

/** Gives a state directory the id that its sources have come from. All ids of documents come from it, so that it has to be whole and
 * durable before the first is made. */
export function putHostId(stateDir: string, id: string): void {
  if (!uuid.test(id)) throw new Error(`"${id}" is no id of a host`)
  const path = join(stateDir, 'host-id')
  writeFileSync(`${path}.new`, `${id}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
  fsyncDirectory(stateDir)
}

/** Undefined where there is no such file, or none with an id: a crash may have left it empty. */
function idIn(path: string, form: RegExp): string | undefined {
  try {
    const id = readFileSync(path, 'utf8').trim()
    return form.test(id) ? id : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function machineIdIn(path: string): string | undefined {
  try {
    return idIn(path, /^[0-9a-f]{32}$/)
  } catch {
    // A container may have anything in its place.
    return undefined
  }
}
