import { type Disk, systemDisk } from '../../src/inputs/file/disk.ts'

export type Call = keyof Disk

/** The system's disk, on which calls fail as told. */
export class FaultyDisk {
  /** The system's code with which a call fails, or undefined. `subject` is a path, or the path under which a descriptor was opened. */
  fault: (call: Call, subject: string) => string | undefined = () => undefined
  /** Files open at a time: more are `EMFILE`. A listing takes one, too. */
  mostOpen = Infinity
  /** Bytes that a read gives at most. */
  mostRead = Infinity
  /** Calls since the beginning. */
  readonly calls: Record<Call, number>
  readonly #paths = new Map<number, string>()

  constructor() {
    this.calls = Object.fromEntries(Object.keys(systemDisk).map(name => [name, 0])) as Record<Call, number>
  }

  get open(): number {
    return this.#paths.size
  }

  readonly disk: Disk = {
    lstat: path => this.#guard('lstat', path, () => systemDisk.lstat(path)),
    looksLike: (path, last) =>
      this.#guard('looksLike', path, () => this.#guard('lstat', path, () => systemDisk.looksLike(path, last))),
    list: path => this.#guard('list', path, () => (this.#takeOne(), systemDisk.list(path))),
    realPath: path => this.#guard('realPath', path, () => systemDisk.realPath(path)),
    linkTarget: path => this.#guard('linkTarget', path, () => systemDisk.linkTarget(path)),
    open: path =>
      this.#guard('open', path, () => {
        this.#takeOne()
        const fd = systemDisk.open(path)
        this.#paths.set(fd, path)
        return fd
      }),
    fstat: fd => this.#guard('fstat', this.#of(fd), () => systemDisk.fstat(fd)),
    pathOf: fd => this.#guard('pathOf', this.#of(fd), () => systemDisk.pathOf(fd)),
    read: (fd, buffers, position) => this.#guard('read', this.#of(fd), () => this.#read(fd, buffers, position)),
    close: fd => {
      this.calls.close++
      this.#paths.delete(fd)
      systemDisk.close(fd)
    }
  }

  #read(fd: number, buffers: readonly Uint8Array[], position: number): number {
    const some: Uint8Array[] = []
    let left = this.mostRead
    for (const buffer of buffers) {
      if (left <= 0) break
      some.push(buffer.subarray(0, Math.min(left, buffer.length)))
      left -= buffer.length
    }
    return systemDisk.read(fd, some, position)
  }

  #of(fd: number): string {
    return this.#paths.get(fd) ?? ''
  }

  #takeOne(): void {
    if (this.open >= this.mostOpen) throw errorOf('EMFILE')
  }

  #guard<R>(call: Call, subject: string, run: () => R): R {
    this.calls[call]++
    const code = this.fault(call, subject)
    if (code !== undefined) throw errorOf(code)
    return run()
  }
}

function errorOf(code: string): Error {
  return Object.assign(new Error(code), { code })
}
