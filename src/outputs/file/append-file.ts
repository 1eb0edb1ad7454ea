import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { crashPoint } from '../../core/crash-points.ts'
import { makeFolder } from '../../state/files.ts'

/** A pipe would wait for its reader, a link may lead anywhere. */
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK
const lineEnd = '\n'
const headBytes = 64

/** An append that is about to happen: enough to tell later whether it did. */
export interface Append {
  readonly path: string
  readonly inode: string
  readonly start: number
  readonly length: number
  /** CRC-32 of what is appended. */
  readonly check: number
  /** Its first bytes, in Base64: what is left of it begins with them, what somebody else has written does not. */
  readonly head: string
}

/** The open file at the end of a path. Calls follow each other, none begins before the last has settled. */
export class AppendFile {
  readonly path: string
  readonly inode: string
  /** Epoch ms when it was created. */
  since: number
  size: number
  /** Its last line has no end: somebody else has written it. */
  #endsOpen: boolean
  /** An append has failed, and left something behind. */
  #isTorn = false
  readonly #handle: FileHandle

  /** Opens a file or creates it, with its folder. Rejects with the system's error; with EINVAL where it is no file. */
  static async open(path: string, mode: number): Promise<AppendFile> {
    const handle = await openOrCreate(path, mode)
    try {
      const stat = await handle.stat({ bigint: true })
      if (!stat.isFile()) throw Object.assign(new Error('it is no regular file'), { code: 'EINVAL' })
      return new AppendFile(path, handle, stat, await endsOpen(handle, Number(stat.size)))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  private constructor(
    path: string,
    handle: FileHandle,
    { ino, size, birthtimeMs, birthtimeNs, mtimeMs }: BigIntStats,
    isOpen: boolean
  ) {
    this.path = path
    this.inode = inodeOf({ ino, birthtimeNs })
    // some file systems do not know when a file was created
    this.since = Number(birthtimeMs > 0n ? birthtimeMs : mtimeMs)
    this.size = Number(size)
    this.#endsOpen = isOpen
    this.#handle = handle
  }

  /** Whether its path still leads to it. */
  async isInPlace(): Promise<boolean> {
    try {
      return inodeOf(await lstat(this.path, { bigint: true })) === this.inode
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  }

  /** Cuts off what a failed append has left, and learns the size. Returns how much is missing of what it had. */
  async look(): Promise<number> {
    let { size } = await this.#handle.stat()
    if (this.#isTorn && size > this.size) {
      await this.#handle.truncate(this.size)
      size = this.size
    }
    this.#isTorn = false
    const missing = Math.max(0, this.size - size)
    if (size !== this.size) this.#endsOpen = await endsOpen(this.#handle, size)
    this.size = size
    return missing
  }

  /** What has to be written so that `lines` are lines of their own. */
  joined(lines: Buffer): Buffer {
    return this.#endsOpen ? Buffer.concat([Buffer.from(lineEnd), lines]) : lines
  }

  planOf(bytes: Buffer): Append {
    const { path, inode, size: start } = this
    const head = bytes.toString('base64', 0, headBytes)
    return { path, inode, start, length: bytes.length, check: crc32(bytes), head }
  }

  /** All of it, flushed; or nothing, as far as the disk allows: then `look` comes before anything else. */
  async append(bytes: Buffer): Promise<void> {
    this.#isTorn = true
    crashPoint('outputs.append.before')
    await writeAll(this.#handle, bytes, this.size)
    crashPoint('outputs.append.after')
    await this.#handle.datasync()
    crashPoint('outputs.flush.after')
    this.#isTorn = false
    this.#endsOpen = false
    this.size += bytes.length
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** Number and birth of an inode: the number alone is that of the next file, once this one is deleted. */
export function inodeOf({ ino, birthtimeNs }: Pick<BigIntStats, 'ino' | 'birthtimeNs'>): string {
  return `${ino}-${birthtimeNs}`
}

/** Names survive a power cut once their folder is flushed. */
export async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openOrCreate(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const folder = dirname(path)
  // who may read a file may also find it
  makeFolder(folder, mode | ((mode & 0o444) >> 2))
  const handle = await open(path, flags | constants.O_CREAT | constants.O_EXCL, mode)
  await handle.chmod(mode)
  await flushFolder(folder)
  return handle
}

/** `writeFile` of a handle would not tell how far it came. */
async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}

/** Whether an append to the file that is at a path now happened, asked after a start; what is left of an unfinished one is cut off. */
export async function hasHappened(append: Append, path: string): Promise<boolean> {
  const handle = await open(path, flags)
  try {
    const bytes = await readAt(handle, append.start, append.length)
    if (bytes.length === append.length && crc32(bytes) === append.check) {
      // it may be in memory only
      await handle.datasync()
      return true
    }
    const { size } = await handle.stat()
    const isRest = bytes.length > 0 && size <= append.start + append.length && begins(bytes, append)
    if (isRest) {
      await handle.truncate(append.start)
      await handle.datasync()
    }
    return false
  } finally {
    await handle.close()
  }
}

/** Whether bytes can be the first ones of an append; zeros are what a power cut has left of some. */
function begins(bytes: Buffer, { head }: Append): boolean {
  const expected = Buffer.from(head, 'base64')
  return bytes.subarray(0, headBytes).every((byte, i) => byte === 0 || byte === expected[i])
}

/** Whether the last line has no end. */
async function endsOpen(handle: FileHandle, size: number): Promise<boolean> {
  return size > 0 && (await readAt(handle, size - 1, 1)).toString() !== lineEnd
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return bytes.subarray(0, done)
}
