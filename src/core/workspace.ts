/**
 * The memory that a shard's kernels work on: one WebAssembly memory, so that a kernel can read the bytes of a chunk, the columns of a
 * batch and its own tables. What is taken is never given back, what is lent is. What is not touched costs no memory, so everything may
 * be as large as the largest chunk needs.
 */
export class Workspace {
  readonly memory: WebAssembly.Memory
  readonly buffer: ArrayBuffer
  readonly #limit: number
  #used = 0
  /** Sizes of what was lent, by address, and addresses of what was given back, the smallest first. */
  readonly #sizes = new Map<number, number>()
  #given: number[] = []

  constructor(bytes: number) {
    const pages = Math.ceil(bytes / 65536)
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    this.buffer = this.memory.buffer
    this.#limit = pages * 65536
  }

  /** Bytes that can still be taken, less what aligning costs. */
  get free(): number {
    return this.#limit - this.#used
  }

  /** The address of `bytes` bytes of zeros, or -1 where there is no room: then whoever asks goes without. */
  take(bytes: number): number {
    const address = (this.#used + 63) & ~63
    if (address + bytes > this.#limit) return -1
    this.#used = address + bytes
    return address
  }

  /** The same for a while, with bytes of any value: the smallest place that was given back and is large enough, or a new one. */
  lend(bytes: number): number {
    const index = this.#given.findIndex(address => this.#sizes.get(address)! >= bytes)
    if (index >= 0) return this.#given.splice(index, 1)[0]!
    const address = this.take(bytes)
    if (address >= 0) this.#sizes.set(address, bytes)
    return address
  }

  /** Nobody uses any more what was lent at this address. */
  giveBack(address: number): void {
    const size = this.#sizes.get(address)!
    const larger = this.#given.findIndex(other => this.#sizes.get(other)! > size)
    this.#given.splice(larger < 0 ? this.#given.length : larger, 0, address)
  }
}

/** Columns, in the workspace if there is one with room. */
export function int32s(workspace: Workspace | undefined, count: number): Int32Array {
  const address = workspace?.take(count * 4) ?? -1
  return address < 0 ? new Int32Array(count) : new Int32Array(workspace!.buffer, address, count)
}

export function uint8s(workspace: Workspace | undefined, count: number): Uint8Array {
  const address = workspace?.take(count) ?? -1
  return address < 0 ? new Uint8Array(count) : new Uint8Array(workspace!.buffer, address, count)
}

export function float64s(workspace: Workspace | undefined, count: number): Float64Array {
  const address = workspace?.take(count * 8) ?? -1
  return address < 0 ? new Float64Array(count) : new Float64Array(workspace!.buffer, address, count)
}

/** A larger column in the place of one that is full. */
export function grown<T extends Int32Array | Uint8Array | Float64Array>(from: T, into: T): T {
  into.set(from)
  return into
}
