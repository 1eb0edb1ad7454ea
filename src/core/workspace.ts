/**
 * The memory that a shard's kernels work on: one WebAssembly memory, so that a kernel can read the bytes of a chunk, the columns of a
 * batch and its own tables. What is not touched costs no memory, so everything may be as large as the largest chunk needs. What is
 * given back is kept for whoever takes as much.
 */
export class Workspace {
  readonly memory: WebAssembly.Memory
  readonly buffer: ArrayBuffer
  readonly #limit: number
  #used = 0
  /** Addresses that were given back, by size. */
  readonly #given = new Map<number, number[]>()

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
    const given = this.#given.get(bytes)?.pop()
    if (given !== undefined) {
      new Uint8Array(this.buffer, given, bytes).fill(0)
      return given
    }
    const address = (this.#used + 63) & ~63
    if (address + bytes > this.#limit) return -1
    this.#used = address + bytes
    return address
  }

  /** Gives back what `take` gave for this number of bytes. Nobody uses it any more. */
  give(address: number, bytes: number): void {
    const given = this.#given.get(bytes)
    if (given === undefined) this.#given.set(bytes, [address])
    else given.push(address)
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
