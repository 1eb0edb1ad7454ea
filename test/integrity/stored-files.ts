import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StoredFile as StoredGeneration } from '../../src/inputs/file/stored.ts'
import { until } from './process.ts'
import type { Trial } from './trial.ts'

/*
 * What scenarios that kill wait for: that the state directory has what a collector without it could not know.
 */

/** On a busy machine all of it is stored within this time. */
const storedMs = 180_000

interface StoredFile {
  readonly path: string
  readonly size: number
  /** Up to here all rows have ended. */
  readonly settled: number
}

interface Named {
  readonly path: string
}

/** Waits until the collector has stored that these files are there, and how large they are. */
export function untilKnown({ site }: Trial, files: readonly Named[]): Promise<void> {
  return until('the files are known', storedMs, () => {
    const known = storedFiles(site.state)
    return files.every(({ path }) => known.some(one => one.path === path && one.size === statSync(path).size))
  })
}

/** Waits until the collector has stored that all of these files is delivered, and all of those before them. */
export function untilSettled({ site }: Trial, files: readonly Named[]): Promise<void> {
  return until('the cursors are stored', storedMs, () => {
    const known = storedFiles(site.state)
    const isSettled = (path: string): boolean =>
      known.some(one => one.path === path && one.settled === statSync(path).size)
    return known.every(({ settled, size }) => settled >= size) && files.every(({ path }) => isSettled(path))
  })
}

/** Files that can still be read; none where the state is just made. */
function storedFiles(state: string): StoredFile[] {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(state, 'state.db'), { readOnly: true })
    const cursors = 'SELECT min(position) FROM cursors WHERE source = id'
    return database
      .prepare(`SELECT file, (${cursors}) AS settled FROM sources`)
      .all()
      .map(row => ({ file: JSON.parse(String(row['file'])) as StoredGeneration, settled: row['settled'] }))
      .filter(({ file }) => !file.isOver)
      .map(({ file: { path, size, startAt }, settled }) => ({ path, size, settled: Number(settled ?? startAt) }))
  } catch {
    return []
  } finally {
    database?.close()
  }
}
