import { join } from 'node:path'
import type { KnownParts } from './context.ts'
import type { Disk } from './disk.ts'
import type { StoredFile } from './stored.ts'

/** What Docker keeps of a container may be so large, bytes: it is some ten thousand. */
const mostBytes = 1024 * 1024
const docker = /^(?<folder>.*\/(?<id>[0-9a-f]{64}))\/\k<id>-json\.log$/

/** The folder that Docker keeps a container in, by the path of its log; undefined where that is none of Docker's. */
export function containerFolder(log: string): string | undefined {
  return docker.exec(log)?.groups!['folder']
}

/** When what Docker knows of a container was written last, ns; undefined where it does not say. Throws the system's errors. */
export function stateWrittenAt(folder: string, disk: Disk): bigint | undefined {
  return disk.lstat(stateFile(folder))?.mtimeNs
}

/** Whether a container has ended by itself, without an error, and is not started again. In doubt it has not. */
export function hasExitedWell(folder: string, disk: Disk): boolean {
  const state = member(jsonIn(stateFile(folder), disk), 'State')
  if (member(state, 'Running') !== false || member(state, 'Restarting') === true) return false
  const finishedAt = member(state, 'FinishedAt')
  // of one that was created and never started the code is 0 too
  const wasStarted = typeof finishedAt === 'string' && !finishedAt.startsWith('0001-')
  return wasStarted && member(state, 'ExitCode') === 0
}

/** With what Docker does when the container ends. It is asked while that is there: who wants to know may come when it is gone. */
export function withRemoval(stored: StoredFile, { input, disk }: Pick<KnownParts, 'input' | 'disk'>): StoredFile {
  const folder = input.pathFields === 'containers' ? containerFolder(stored.name) : undefined
  if (folder === undefined || stored.autoRemove !== undefined) return stored
  return { ...stored, autoRemove: isRemovedWhenItEnds(folder, disk) }
}

/** Whether it is removed as soon as it ends, however it does (`--rm`). */
function isRemovedWhenItEnds(folder: string, disk: Disk): boolean {
  return member(jsonIn(join(folder, 'hostconfig.json'), disk), 'AutoRemove') === true
}

function stateFile(folder: string): string {
  return join(folder, 'config.v2.json')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

/** Undefined where it can not be read, or is none. */
function jsonIn(path: string, disk: Disk): unknown {
  try {
    return JSON.parse(textOf(path, disk))
  } catch {
    return undefined
  }
}

function textOf(path: string, disk: Disk): string {
  const fd = disk.open(path)
  try {
    const stat = disk.fstat(fd)
    if (!stat.isFile() || stat.size > mostBytes) return ''
    const bytes = Buffer.alloc(Number(stat.size))
    return bytes.toString('utf8', 0, bytes.length === 0 ? 0 : disk.read(fd, [bytes], 0))
  } finally {
    disk.close(fd)
  }
}
