import { constants, type Dirent } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises'
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
/** What has got a name of ours meanwhile: a link may lead anywhere, and a pipe would wait for its writer. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The name of a file that was rotated at a time, epoch ms: `auth.ndjson` becomes `auth-20261130T224000.123Z.ndjson`. */
export function rotatedPath(path: string, time: number): string {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}-${new Date(time).toISOString().replaceAll(/[-:]/g, '')}${ext}`)
}

/** A file that was rotated: there is the original (`''`), a compressed one, or both; and what was not finished. */
interface Rotated {
  /** Of the original. */
  readonly path: string
  /** Epoch ms. */
  readonly time: number
  readonly suffixes: Set<string>
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
    const { maxFiles = Infinity, maxAgeMs = Infinity } = this.#options
    const all = await this.#rotated()
    for (const { path, suffixes } of all) if (suffixes.delete(unfinished)) await rm(path + unfinished, { force: true })
    const files = all.filter(({ suffixes }) => suffixes.size > 0)
    let failure: { readonly error: unknown } | undefined
    for (const [index, file] of files.entries()) {
      if (this.#abort.signal.aborted) return
      const isOld = files.length - index > maxFiles || this.#clock.now() - file.time > maxAgeMs
      try {
        await (isOld ? remove(file) : this.#pack(file))
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure !== undefined) throw failure.error
  }

  /** Where there is a compressed one too, a run was killed before it removed the original, or somebody else is at it: it is done again. */
  async #pack({ path, suffixes }: Rotated): Promise<void> {
    const isWanted = this.#options.compression === 'gzip' || suffixes.has(packed)
    if (isWanted && suffixes.has('')) await this.#compress(path)
  }

  async #compress(path: string): Promise<void> {
    const from = await open(path, flags)
    try {
      await this.#write(path + unfinished, from)
      crashPoint('outputs.compress.before')
      await rename(path + unfinished, path + packed)
      await flushFolder(parse(path).dir)
      crashPoint('outputs.compress.after')
      await rm(path)
    } finally {
      await from.close()
    }
  }

  /** Makes a file of what another one has, compressed; where that fails, nothing is left of it. */
  async #write(path: string, from: FileHandle): Promise<void> {
    const { mode } = this.#options
    const to = await open(path, 'wx', mode)
    try {
      const { atime, mtime } = await from.stat()
      const input = from.createReadStream({ highWaterMark: chunkBytes })
      const output = (chunks: AsyncIterable<Buffer>): Promise<void> => to.writeFile(chunks)
      await pipeline(input, createGzip({ chunkSize: chunkBytes }), output, { signal: this.#abort.signal })
      await to.chmod(mode)
      await to.utimes(atime, mtime)
      await to.sync()
    } catch (error) {
      await rm(path, { force: true })
      throw error
    } finally {
      await to.close()
    }
  }

  /** The oldest first. Links, pipes and folders are none, but their names are taken. */
  async #rotated(): Promise<Rotated[]> {
    const { dir, name, ext } = parse(this.#options.path)
    const times = new Map<number, Set<string>>()
    for (const entry of await entriesOf(dir)) {
      if (!entry.name.startsWith(`${name}-`)) continue
      const rest = entry.name.slice(name.length + 1)
      const suffix = [unfinished, packed, ''].find(one => rest.endsWith(ext + one))
      const time = suffix === undefined ? undefined : timeOf(rest.slice(0, rest.length - (ext + suffix).length))
      if (time === undefined) continue
      const suffixes = times.get(time) ?? new Set()
      times.set(time, entry.isFile() ? suffixes.add(suffix!) : suffixes)
    }
    const sorted = [...times].toSorted(([one], [other]) => one - other)
    return sorted.map(([time, suffixes]) => ({ path: rotatedPath(this.#options.path, time), time, suffixes }))
  }
}

async function remove({ path, suffixes }: Rotated): Promise<void> {
  for (const suffix of suffixes) await rm(path + suffix, { force: true })
}

/** Where the file of this inode is now that had this path. */
export async function whereIs(inode: string, path: string): Promise<string | undefined> {
  const { dir, name } = parse(path)
  for (const entry of await entriesOf(dir)) {
    if (!entry.isFile() || !entry.name.startsWith(name) || entry.name.endsWith(packed)) continue
    const stat = await lstat(join(dir, entry.name), { bigint: true }).catch(() => undefined)
    if (stat !== undefined && inodeOf(stat) === inode) return join(dir, entry.name)
  }
  return undefined
}

async function entriesOf(dir: string): Promise<Dirent[]> {
  return readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
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
