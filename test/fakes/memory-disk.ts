import type { Disk, DiskStat, EntryKind, FileStat } from '../../src/inputs/file/disk.ts'

/** The system's clock stamps in steps. */
const tickNs = 4_000_000n
const rootInode = 2n
const firstInode = 11n

class Inode {
  readonly ino: bigint
  readonly birthNs: bigint
  bytes = Buffer.alloc(0)
  mtimeNs: bigint
  /** Names, open descriptors of readers, and of writers: without any, its number is free. */
  links = 0
  opened = 0
  held = 0

  constructor(ino: bigint, birthNs: bigint, mtimeNs: bigint) {
    this.ino = ino
    this.birthNs = birthNs
    this.mtimeNs = mtimeNs
  }
}

export type { Inode as MemoryInode }

/**
 * One folder of files in memory, `/logs`, that does what Linux does: names are links to inodes, an open file outlives its names, and a
 * number that is free is the next one that is used. memory-disk.test.ts compares it with the real thing.
 */
export class MemoryDisk {
  readonly folder = '/logs'
  readonly #names = new Map<string, Inode>()
  readonly #inodes = new Map<bigint, Inode>()
  readonly #now: () => number
  /** What is the matter with it: nothing can be found by its path, or nothing can be done at all. */
  fault: 'EACCES' | 'EIO' | undefined
  #births = 0n
  #folderNs: bigint

  /** `now`: epoch ms. */
  constructor(now: () => number) {
    this.#now = now
    this.#folderNs = this.#stamp()
  }

  get names(): string[] {
    return [...this.#names.keys()]
  }

  inode(name: string): Inode | undefined {
    return this.#names.get(name)
  }

  /** Opens as `O_CREAT | O_APPEND` does and writes; tells the inode. */
  append(name: string, bytes: Buffer): Inode {
    const inode = this.#names.get(name) ?? this.#create(name)
    this.write(inode, bytes)
    return inode
  }

  /** Opens for writing, which keeps it from going. */
  open(name: string): Inode {
    const inode = this.append(name, Buffer.alloc(0))
    inode.held++
    return inode
  }

  close(inode: Inode): void {
    inode.held--
    this.#free(inode)
  }

  /** By a descriptor that was opened before. */
  write(inode: Inode, bytes: Buffer): void {
    if (bytes.length === 0) return
    inode.bytes = Buffer.concat([inode.bytes, bytes])
    inode.mtimeNs = this.#stamp()
  }

  truncate(name: string, size = 0): void {
    const inode = this.#existing(name)
    const bytes = Buffer.alloc(size)
    inode.bytes.copy(bytes)
    inode.bytes = bytes
    inode.mtimeNs = this.#stamp()
  }

  rename(from: string, to: string): void {
    const inode = this.#existing(from)
    const replaced = this.#names.get(to)
    if (replaced === inode) return
    if (replaced !== undefined) this.unlink(to)
    this.#names.delete(from)
    this.#names.set(to, inode)
    this.#folderNs = this.#stamp()
  }

  link(name: string, to: string): void {
    const inode = this.#existing(name)
    if (this.#names.has(to)) throw systemError('EEXIST', to)
    this.#names.set(to, inode)
    inode.links++
    this.#folderNs = this.#stamp()
  }

  unlink(name: string): void {
    const inode = this.#existing(name)
    this.#names.delete(name)
    this.#folderNs = this.#stamp()
    inode.links--
    this.#free(inode)
  }

  /** What a process sees; `watch` is told how many bytes of a file it was shown, and for how many it had asked. `kill` ends it: it sees nothing any more, and its descriptors are closed. */
  process(watch: (inode: Inode, size: number, room: number) => void = () => {}): Disk & { kill(): void } {
    const open = new Map<number, Inode>()
    let next = 3
    let isDead = false
    const alive = <T>(run: () => T): T => {
      if (isDead || this.fault === 'EIO') throw systemError('EIO', this.folder)
      return run()
    }
    const byPath = <T>(path: string, run: () => T): T => {
      if (this.fault === 'EACCES' && path !== '/') throw systemError('EACCES', path)
      return alive(run)
    }
    const opened = (fd: number): Inode => {
      const inode = open.get(fd)
      if (inode === undefined) throw systemError('EBADF', String(fd))
      return inode
    }
    const close = (fd: number): void => {
      const inode = opened(fd)
      open.delete(fd)
      inode.opened--
      this.#free(inode)
    }
    return {
      lstat: path => byPath(path, () => this.#lstat(path, inode => watch(inode, inode.bytes.length, 0))),
      looksLike: (path, last) =>
        byPath(path, () =>
          isLike(
            this.#lstat(path, inode => watch(inode, inode.bytes.length, 0)),
            last
          )
        ),
      list: directory => byPath(directory, () => this.#list(directory)),
      realPath: path => byPath(path, () => (this.#lstat(path) === undefined ? undefined : path)),
      linkTarget: path => {
        throw systemError('EINVAL', path)
      },
      open: path =>
        byPath(path, () => {
          const inode = this.#names.get(this.#nameOf(path))
          if (inode === undefined) throw systemError('ENOENT', path)
          inode.opened++
          open.set(next, inode)
          return next++
        }),
      fstat: fd =>
        alive(() => {
          const inode = opened(fd)
          watch(inode, inode.bytes.length, 0)
          return statOf(inode)
        }),
      pathOf: fd =>
        alive(() => {
          const inode = opened(fd)
          const name = this.names.find(one => this.#names.get(one) === inode)
          return `${this.folder}/${name ?? 'deleted'}`
        }),
      read: (fd, buffers, position) =>
        alive(() => {
          const inode = opened(fd)
          const got = readInto(inode.bytes, buffers, position)
          if (got > 0) watch(inode, position + got, buffers.at(-1)!.length)
          return got
        }),
      close: fd => {
        if (!isDead) close(fd)
      },
      kill: () => {
        isDead = true
        for (const fd of open.keys()) close(fd)
      }
    }
  }

  #create(name: string): Inode {
    let ino = firstInode
    while (this.#inodes.has(ino)) ino++
    const now = this.#stamp()
    // No two files in one nanosecond: it takes longer to make one.
    const inode = new Inode(ino, now + ++this.#births, now)
    inode.links = 1
    this.#inodes.set(ino, inode)
    this.#names.set(name, inode)
    this.#folderNs = now
    return inode
  }

  #free(inode: Inode): void {
    if (inode.links + inode.opened + inode.held === 0) this.#inodes.delete(inode.ino)
  }

  #existing(name: string): Inode {
    const inode = this.#names.get(name)
    if (inode === undefined) throw systemError('ENOENT', name)
    return inode
  }

  #nameOf(path: string): string {
    return path.startsWith(`${this.folder}/`) ? path.slice(this.folder.length + 1) : '/'
  }

  #lstat(path: string, see: (inode: Inode) => void = () => {}): DiskStat | undefined {
    if (path === '/' || path === this.folder) return directoryStat(this.#folderNs)
    const inode = this.#names.get(this.#nameOf(path))
    if (inode === undefined) return undefined
    see(inode)
    return statOf(inode)
  }

  #list(directory: string): { name: string; kind: EntryKind }[] {
    if (directory === '/') return [{ name: 'logs', kind: 'directory' }]
    if (directory !== this.folder) throw systemError('ENOENT', directory)
    return this.names.map(name => ({ name, kind: 'file' }))
  }

  #stamp(): bigint {
    const ns = BigInt(Math.floor(this.#now() * 1_000_000))
    return ns - (ns % tickNs)
  }
}

function readInto(bytes: Buffer, buffers: readonly Uint8Array[], position: number): number {
  let at = position
  for (const buffer of buffers) at += bytes.copy(buffer, 0, Math.min(at, bytes.length), at + buffer.length)
  return Math.max(0, at - position)
}

function statOf(inode: Inode): DiskStat {
  const { ino, birthNs, mtimeNs, links, bytes } = inode
  return stat({ ino, birthtimeNs: birthNs, mtimeNs, nlink: BigInt(links), size: BigInt(bytes.length) }, 'file')
}

function isLike(stat: DiskStat | undefined, last: FileStat): boolean {
  const numbers = ['dev', 'ino', 'birthtimeNs', 'size', 'mtimeNs', 'ctimeNs'] as const
  return stat !== undefined && numbers.every(name => stat[name] === last[name])
}

function directoryStat(mtimeNs: bigint): DiskStat {
  return stat({ ino: rootInode, birthtimeNs: 1n, mtimeNs, nlink: 2n, size: 4096n }, 'directory')
}

interface Facts {
  readonly ino: bigint
  readonly birthtimeNs: bigint
  readonly mtimeNs: bigint
  readonly nlink: bigint
  readonly size: bigint
}

function stat(facts: Facts, kind: EntryKind): DiskStat {
  const ms = facts.mtimeNs / 1_000_000n
  return {
    ...facts,
    dev: 1n,
    uid: 0n,
    mtimeMs: ms,
    ctimeMs: ms,
    ctimeNs: facts.mtimeNs,
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'directory',
    isSymbolicLink: () => false
  } as unknown as DiskStat
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
