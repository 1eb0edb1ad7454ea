import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, lstat, readdir, rename, rm, utimes } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Clock } from '../../core/clock.ts'
import { crashPoint } from '../../core/crash-points.ts'
import { messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { flushFolder, inodeOf } from './append-file.ts'

export interface SeriesOptions {
  readonly path: string
  /** Of files. */
  readonly mode: number
  readonly compression: 'gzip' | 'none'
  /** Rotated files that are kept; undefined: all. */
  readonly maxFiles?: number | undefined
  readonly maxAgeMs?: number | undefined
}

const packed = '.gz'
const unfinished = '.gz.tmp'
const chunkBytes = 64 * 1024

/** The name of a file that was rotated at a time, epoch ms: `auth.ndjson` becomes `auth-20261130T224000.123Z.ndjson`. */
export function rotatedPath(path: string, time: number): string {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}-${new Date(time).toISOString().replaceAll(/[-:]/g, '')}${ext}`)
}

/** Files that were one path's once. Nothing else in its folder is touched. */
export class Series {
  readonly #options: SeriesOptions
  readonly #log: Log
  readonly #clock: Clock
  readonly #abort = new AbortController()
  #tending: Promise<void> = Promise.resolve()

  constructor(options: SeriesOptions, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#options = options
    this.#log = log
    this.#clock = clock
  }

  /** Gives the file another name, behind that of all before, whatever the clock says. */
  async rotate(): Promise<void> {
    const { path } = this.#options
    const newest = (await this.#rotated()).at(-1)
    crashPoint('outputs.rotate.before')
    await rename(path, rotatedPath(path, Math.max(this.#clock.now(), (newest?.time ?? 0) + 1)))
    crashPoint('outputs.rotate.after')
    await flushFolder(parse(path).dir)
    this.tend()
  }

  /** Compresses rotated files and removes old ones, in the background. */
  tend(): void {
    this.#tending = this.#tendBehind(this.#tending)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#tending
  }

  async #tendBehind(former: Promise<void>): Promise<void> {
    await former
    try {
      await this.#tend()
    } catch (error) {
      if (this.#abort.signal.aborted) return
      this.#log.warn(
        `Cannot compress or remove what was "${this.#options.path}": ${messageOf(error)}, trying again later`
      )
    }
  }

  async #tend(): Promise<void> {
    const { compression, maxFiles = Infinity, maxAgeMs = Infinity } = this.#options
    const files = await this.#rotated()
    for (const [index, { path, time, suffixes }] of files.entries()) {
      if (this.#abort.signal.aborted) return
      await rm(path + unfinished, { force: true })
      const isOld = files.length - index > maxFiles || this.#clock.now() - time > maxAgeMs
      if (isOld) for (const suffix of suffixes) await rm(path + suffix, { force: true })
      // One that is finished stands there under its name: of two, the original is to go.
      else if (suffixes.has(packed)) await rm(path, { force: true })
      else if (compression === 'gzip' && suffixes.has('')) await this.#compress(path)
    }
  }

  async #compress(path: string): Promise<void> {
    const { signal } = this.#abort
    const temp = path + unfinished
    try {
      const { atime, mtime } = await lstat(path)
      const from = createReadStream(path, { highWaterMark: chunkBytes })
      const to = createWriteStream(temp, { flags: 'wx', mode: this.#options.mode, flush: true })
      await pipeline(from, createGzip({ chunkSize: chunkBytes }), to, { signal })
      await chmod(temp, this.#options.mode)
      await utimes(temp, atime, mtime)
      crashPoint('outputs.compress.before')
      await rename(temp, path + packed)
      await flushFolder(parse(path).dir)
      crashPoint('outputs.compress.after')
      await rm(path)
    } catch (error) {
      await rm(temp, { force: true })
      throw error
    }
  }

  /** The oldest first. */
  async #rotated(): Promise<{ readonly path: string; readonly time: number; readonly suffixes: Set<string> }[]> {
    const { dir, name, ext } = parse(this.#options.path)
    const times = new Map<number, Set<string>>()
    for (const entry of await names(dir)) {
      if (!entry.startsWith(`${name}-`)) continue
      const rest = entry.slice(name.length + 1)
      const suffix = [unfinished, packed].find(one => rest.endsWith(one)) ?? ''
      const end = rest.length - suffix.length - ext.length
      const time = rest.endsWith(ext + suffix) ? timeOf(rest.slice(0, end)) : undefined
      if (time === undefined) continue
      const suffixes = times.get(time) ?? new Set()
      times.set(time, suffixes.add(suffix))
    }
    const sorted = [...times].toSorted(([one], [other]) => one - other)
    return sorted.map(([time, suffixes]) => ({ path: rotatedPath(this.#options.path, time), time, suffixes }))
  }
}

/** Where the file of this inode is now that had this path. */
export async function whereIs(inode: string, path: string): Promise<string | undefined> {
  const { dir, name } = parse(path)
  for (const entry of await names(dir)) {
    if (!entry.startsWith(name) || entry.endsWith(packed)) continue
    const stat = await lstat(join(dir, entry), { bigint: true }).catch(() => undefined)
    if (stat?.isFile() && inodeOf(stat) === inode) return join(dir, entry)
  }
  return undefined
}

async function names(dir: string): Promise<string[]> {
  return readdir(dir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
}

/** `20261130T224000.123Z` */
function timeOf(stamp: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z$/.exec(stamp)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second] = parts
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}
