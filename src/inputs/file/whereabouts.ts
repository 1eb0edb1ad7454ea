import { readFileSync, readlinkSync } from 'node:fs'
import { type Disk, systemDisk } from './disk.ts'

const signs = 0
const descriptor = 1
const pathBytes = 2
const thread = 3
/** In place of the number of the thread, which is 0 before it has begun. */
const untold = -1
/** Unit of CPU times in /proc: 100 a second on all machines that Node.js runs on. */
const tickMs = 10
/** Of numbers, in front of the path. */
const headBytes = 16
const mostPathBytes = 4096

/**
 * Where a thread is in the file system, in memory that another thread sees too: a system call on a mount whose server is away does not
 * return, and then nobody else can tell. Plain stores, a few for each call and none for each row.
 */
export class Whereabouts {
  readonly memory: SharedArrayBuffer
  readonly #numbers: Int32Array
  readonly #path: Buffer

  constructor(memory = new SharedArrayBuffer(headBytes + mostPathBytes)) {
    this.memory = memory
    this.#numbers = new Int32Array(memory, 0, headBytes / 4)
    this.#path = Buffer.from(memory, headBytes)
  }

  /** Changes whenever the thread has come further. */
  get signs(): number {
    return this.#numbers[signs]!
  }

  /** Where it is now, or was last; empty where that can not be told. For the other thread, once there are no signs any more. */
  get path(): string {
    const fd = this.#numbers[descriptor]!
    // what the system knows of an open file, without a look at the file
    if (fd > 0) return systemDisk.pathOf(fd) ?? ''
    return this.#path.toString('utf8', 0, this.#numbers[pathBytes])
  }

  /** CPU time that the thread has taken; 0 where that can not be told, undefined before it has begun. For the other thread. */
  get cpuMs(): number | undefined {
    const id = this.#numbers[thread]!
    if (id === 0) return undefined
    if (id === untold) return 0
    try {
      // proc_pid_stat(5): behind the name, which may have anything in it, user time is the 12th word, system time the 13th
      const words = readFileSync(`/proc/self/task/${id}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
      return (Number(words[11]) + Number(words[12])) * tickMs
    } catch {
      return 0
    }
  }

  /** This is the thread. */
  begin(): void {
    try {
      this.#numbers[thread] = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    } catch {
      this.#numbers[thread] = untold
    }
  }

  /** The thread goes on. */
  sign(): void {
    this.#numbers[signs]!++
  }

  /** The same file system, whose calls leave a trace here. */
  over(disk: Disk): Disk {
    return {
      lstat: path => disk.lstat(this.#at(path)),
      looksLike: (path, last) => disk.looksLike(this.#at(path), last),
      list: path => disk.list(this.#at(path)),
      realPath: path => disk.realPath(this.#at(path)),
      linkTarget: path => disk.linkTarget(this.#at(path)),
      open: path => disk.open(this.#at(path)),
      fstat: fd => disk.fstat(this.#in(fd)),
      pathOf: fd => disk.pathOf(this.#in(fd)),
      read: (fd, buffers, position) => disk.read(this.#in(fd), buffers, position),
      close: fd => disk.close(this.#in(fd))
    }
  }

  #at(path: string): string {
    this.#numbers[signs]!++
    this.#numbers[descriptor] = 0
    this.#numbers[pathBytes] = this.#path.write(path)
    return path
  }

  #in(fd: number): number {
    this.#numbers[signs]!++
    this.#numbers[descriptor] = fd
    return fd
  }
}
