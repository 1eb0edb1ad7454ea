import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Journal } from './journal.ts'
import { delay, until } from './process.ts'
import { statusOf } from './status.ts'
import type { Trial } from './trial.ts'
import type { Gap } from './verdict.ts'

/*
 * What scenarios of the spool have in common: files are deleted while the server takes nothing.
 */

/** Options of a site. Little is on its way when a file is deleted. */
export const site = {
  input: 'scan_interval: 200ms',
  output: 'retry: { min: 100ms, max: 500ms }, max_in_flight_bytes: 1MiB, batch: { max_bytes: 256KiB }',
  drain: '2s'
}
/** The server is there, and takes nothing. */
export const down = { requests: { '503': 1 } }
/** On a busy machine a collector sees a file after this time. */
const seenMs = 180_000
/** What it knows is stored each second. */
const storedMs = 1500
/** Deleted files are closed within ten seconds; beside other tests everything takes longer. */
const closedMs = 180_000

export function journalsOf({ site }: Trial): Journal[] {
  return ['a', 'b'].map(name => new Journal(site.logs, name))
}

/** Any of their lines may be missing, if it is counted. */
export function anywhere(journals: readonly Journal[]): Gap[] {
  return journals.map(({ name, seq }) => ({ file: name, from: 0, to: seq }))
}

/** Returns how many bytes it was. `isThere`: waits until the collector knows of the files what it has to. */
export async function writeAndDelete(
  trial: Trial,
  journals: readonly Journal[],
  lines: number,
  isThere: (trial: Trial, journals: readonly Journal[]) => Promise<void> = untilSeen
): Promise<number> {
  const bytes = journals.reduce((sum, journal) => sum + journal.write(lines), 0)
  await isThere(trial, journals)
  await delay(storedMs)
  for (const journal of journals) {
    unlinkSync(journal.path)
    journal.close()
    journal.reopen()
  }
  trial.faults++
  return bytes
}

/** Waits until the collector knows how large the files are: what it has never seen of a deleted one, it can not count. */
export async function untilSeen({ site }: Trial, journals: readonly Journal[]): Promise<void> {
  for (const end = performance.now() + seenMs; ; await delay(50)) {
    const status = await statusOf(site)
    const sources = status?.inputs.flatMap(input => input.sources) ?? []
    if (journals.every(({ path }) => sources.some(one => one.name === path && one.size === statSync(path).size))) return
    if (performance.now() > end) throw new Error(`Not within ${seenMs / 1000} s: the files are seen`)
  }
}

/** Waits until no deleted file is open any more: all there is of them is in the spool. */
export function untilClosed({ site }: Trial, withinMs = closedMs): Promise<void> {
  return until('deleted files are closed', withinMs, () => site.deletedOpen === 0)
}

function spoolFiles(state: string): string[] {
  const folder = join(state, 'spool')
  try {
    return readdirSync(folder).map(name => join(folder, name))
  } catch {
    return []
  }
}

/** Their databases. */
export function segmentsOf(state: string): string[] {
  return spoolFiles(state).filter(path => path.endsWith('.db'))
}

export function spoolBytes(state: string): number {
  return spoolFiles(state).reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** Bytes of files that the spool of a stopped collector holds, each counted once. */
export function heldBytes(state: string): number {
  // Of a killed one, some stands in logs of changes, which must not be touched.
  const copy = mkdtempSync(join(tmpdir(), 'mcp-collector-spool-'))
  cpSync(join(state, 'spool'), copy, { recursive: true })
  const lengths = new Map<string, number>()
  for (const name of readdirSync(copy).filter(one => one.endsWith('.db'))) {
    for (const { source, position, length } of blocksOf(join(copy, name))) lengths.set(`${source} ${position}`, length)
  }
  rmSync(copy, { recursive: true })
  return [...lengths.values()].reduce((sum, length) => sum + length, 0)
}

export interface HeldBlock {
  readonly id: number
  readonly source: string
  readonly position: number
  readonly length: number
  readonly packed: Uint8Array
}

/** The blocks of a segment that nobody has open. */
export function blocksOf(segment: string): HeldBlock[] {
  const database = new DatabaseSync(segment)
  const blocks = database.prepare('SELECT id, source, position, length, packed FROM blocks').all()
  database.close()
  return blocks as unknown as HeldBlock[]
}
