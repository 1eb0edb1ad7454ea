import type { BigIntStats, Stats } from 'node:fs'
import fs from 'node:fs'
import { dirname, resolve } from 'node:path'

/** What the system says of a file. */
export type DiskStat = BigIntStats
/** As far as it says which file it is, and whether it has changed. */
export type FileStat = Pick<DiskStat, 'dev' | 'ino' | 'birthtimeNs' | 'size' | 'mtimeNs' | 'mtimeMs' | 'ctimeNs'>
export type EntryKind = 'file' | 'directory' | 'link' | 'other'
export interface Entry {
  readonly name: string
  readonly kind: EntryKind
}

/** What the follower needs of the file system. All of it is synchronous and throws the system's errors. Tests put faults in. */
export interface Disk {
  /** Undefined if there is certainly nothing under this path; every other failure is thrown. Does not follow a link. */
  lstat(path: string): DiskStat | undefined
  /** Whether `lstat` would say the same as it did: of a file at rest this is half of the work, and of the garbage. In doubt it says no. */
  looksLike(path: string, last: FileStat): boolean
  list(directory: string): Entry[]
  /** The path without links, or undefined if it leads nowhere. */
  realPath(path: string): string | undefined
  /** Where a link points to, as an absolute path. */
  linkTarget(path: string): string
  /** Opens for reading; refuses links, never waits. */
  open(path: string): number
  fstat(fd: number): DiskStat
  /** Where an open file really is, or undefined where the system can not tell. */
  pathOf(fd: number): string | undefined
  read(fd: number, buffers: readonly Uint8Array[], position: number): number
  close(fd: number): void
}

let lastDev = -1n

/** A stat to keep: the system's take half a KiB, for each of ten thousand files. */
export class Stamp implements FileStat {
  readonly dev: bigint
  readonly ino: bigint
  readonly birthtimeNs: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint

  constructor({ dev, ino, birthtimeNs, size, mtimeNs, ctimeNs }: FileStat) {
    // Nearly all are on one device: they share its number.
    if (dev !== lastDev) lastDev = dev
    this.dev = lastDev
    this.ino = ino
    this.birthtimeNs = birthtimeNs
    this.size = size
    this.mtimeNs = mtimeNs
    this.ctimeNs = ctimeNs
  }

  get mtimeMs(): bigint {
    return this.mtimeNs / 1_000_000n
  }
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(reasonOf(error))

/** The system's code of an error, `EACCES` for one. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}

function orMissing<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

// O_NONBLOCK: a FIFO would wait for its writer. O_NOFOLLOW: a link may have taken the place of the file that was checked.
const openFlags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK

const quick = { throwIfNoEntry: false } as const

export const systemDisk: Disk = {
  lstat: path => fs.lstatSync(path, { bigint: true, throwIfNoEntry: false }),
  looksLike: (path, last) => isLike(fs.lstatSync(path, quick), last),
  list(directory) {
    return fs.readdirSync(directory, { withFileTypes: true }).map(entry => {
      const kind = entry.isFile()
        ? 'file'
        : entry.isDirectory()
          ? 'directory'
          : entry.isSymbolicLink()
            ? 'link'
            : 'other'
      return { name: entry.name, kind }
    })
  },
  realPath: path => orMissing(() => fs.realpathSync(path)),
  linkTarget: path => resolve(dirname(path), fs.readlinkSync(path)),
  open: path => fs.openSync(path, openFlags),
  fstat: fd => fs.fstatSync(fd, { bigint: true }),
  pathOf: fd => orMissing(() => fs.readlinkSync(`/proc/self/fd/${fd}`))?.replace(/ \(deleted\)$/, ''),
  read: (fd, buffers, position) =>
    buffers.length === 1
      ? fs.readSync(fd, buffers[0]!, 0, buffers[0]!.length, position)
      : fs.readvSync(fd, buffers, position),
  close: fd => fs.closeSync(fd)
}

/** Numbers hold 53 bits. Times are those of the last change of any kind, which nobody can set, and of the content: to a microsecond, within
 * which no file changes twice with a look in between. */
function isLike(stat: Stats | undefined, last: FileStat): boolean {
  return (
    stat !== undefined &&
    stat.size === Number(last.size) &&
    isNear(stat.mtimeMs, last.mtimeNs) &&
    isNear(stat.ctimeMs, last.ctimeNs) &&
    stat.ino === Number(last.ino) &&
    stat.dev === Number(last.dev) &&
    Number.isSafeInteger(stat.ino) &&
    Number.isSafeInteger(stat.dev)
  )
}

function isNear(ms: number, ns: bigint): boolean {
  return Math.abs(ms * 1e6 - Number(ns)) < 1000
}
