import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import { type Log, silentLog } from '../core/log.ts'
import { hostIdIn, putHostId } from '../pipeline/host-id.ts'
import type { PortableCounts, PortableHead } from '../state/portable.ts'
import { readOffline } from './offline.ts'
import { packageVersion } from './package.ts'
import { openState } from './state-open.ts'
import { withStateDir } from './state-dir.ts'
import { counted, formatBytes, formatCount } from './table.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly json?: true
}

/** Lines are written in pieces of about so many bytes. */
const pieceBytes = 1 << 20

export function defineExport(command: Command, { env, out, err }: Terminal, finish: (code: number) => void): void {
  withStateDir(command, env)
  command.option('--json', 'the outcome as JSON')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector state export backup.ndjson': 'also while a collector runs; with the rows of dead letters'
    })
  )
  command.action(async (file: string, { stateDir, json }: Options) => {
    const { exportLines } = await import('../state/portable.ts')
    const head: PortableHead = { program: packageVersion(), exportedAt: Date.now(), hostId: hostIdIn(stateDir) }
    const lines = await readOffline(stateDir, state => writeLines(resolve(file), exportLines(state, head)))
    if (json) out.line(JSON.stringify({ file: resolve(file), records: lines - 2 }))
    else out.line(`${formatCount(lines - 2)} records are in "${printable(file)}", which only you may read`)
    const heldBytes = spoolBytes(stateDir)
    if (heldBytes > 0) {
      const held = `${formatBytes(heldBytes)} of deleted files are held in "${printable(join(stateDir, 'spool'))}"`
      err.line(`${held} and are not part of it: copy that folder too, while no collector runs`)
    }
    finish(exitCodes.ok)
  })
}

/** What a collector keeps of files that are gone; segments that are settled are removed. */
function spoolBytes(stateDir: string): number {
  const folder = join(stateDir, 'spool')
  if (!existsSync(folder)) return 0
  const segments = readdirSync(folder).filter(name => name.endsWith('.db'))
  return segments.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

export function defineImport(command: Command, { env, out, err }: Terminal, finish: (code: number) => void): void {
  withStateDir(command, env)
  command.option('--json', 'the outcome as JSON')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector state import backup.ndjson': 'all of it is checked before anything is written',
      'mcp-collector state reset --all': 'first, where the state directory is in use already'
    })
  )
  command.action(async (file: string, { stateDir, json }: Options) => {
    const { checkPortable, importInto, refuseUnlessEmpty } = await import('../state/portable.ts')
    const { head, counts } = await checkPortable(resolve(file))
    const log: Log = { ...silentLog, warn: text => err.line(printable(text)), error: text => err.line(printable(text)) }
    const state = await openState(stateDir, 'import', log)
    try {
      refuseUnlessEmpty(state)
      if (head.hostId !== undefined) putHostId(stateDir, head.hostId)
      await importInto(state, resolve(file))
    } finally {
      state.close()
    }
    if (json) out.line(JSON.stringify(counts))
    else out.line(importedLine(counts))
    finish(exitCodes.ok)
  })
}

function importedLine({ sources, cursors, letters }: PortableCounts): string {
  return `Imported ${counted(sources, 'source')}, ${counted(cursors, 'cursor')}, ${counted(letters, 'dead letter')}`
}

/** Writes a file that only its owner may read, whole or not at all; returns how many lines it has. */
function writeLines(path: string, lines: Iterable<string>): number {
  const target = targetOf(path)
  const fresh = `${target}.new`
  let count = 0
  try {
    rmSync(fresh, { force: true })
    const file = openSync(fresh, 'wx', 0o600)
    try {
      let piece = ''
      for (const line of lines) {
        piece += line
        count++
        if (piece.length < pieceBytes) continue
        writeFileSync(file, piece)
        piece = ''
      }
      writeFileSync(file, piece)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(fresh, target)
    return count
  } catch (error) {
    rmSync(fresh, { force: true })
    if (error instanceof ExitError) throw error
    throw new ExitError(`Cannot write "${path}": ${messageOf(error)}`, exitCodes.failed, error)
  }
}

/** Where the file is put: behind a link, and never in the place of a folder or device. */
function targetOf(path: string): string {
  if (!existsSync(path)) return path
  if (statSync(path).isFile()) return realpathSync(path)
  throw new ExitError(`Cannot write "${path}": it is no regular file`, exitCodes.failed)
}
