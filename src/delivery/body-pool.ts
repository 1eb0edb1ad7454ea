import { Body } from '../core/output.ts'
import type { Workspace } from '../core/workspace.ts'

/** Bodies start small, so that a quiet output takes little memory, and double up to the size of a batch. */
const initialBytes = 256 * 1024

/** Of a pool, where nothing else is said. */
const spareBodies = 2

export interface PoolOptions {
  readonly batchBytes: number
  readonly maxInFlightBytes: number
  /** Fills released bodies, so that tests notice late readers. */
  readonly poison: boolean
}

/** Bytes of a workspace that the bodies of an output may take. What is not written to costs no memory. */
export function bodyBytes(options: Omit<PoolOptions, 'poison'>): number {
  return bodiesOf(options) * (largestOf(options) + 64)
}

const bodiesOf = ({ batchBytes, maxInFlightBytes }: Omit<PoolOptions, 'poison'>): number =>
  Math.ceil(maxInFlightBytes / batchBytes) + spareBodies
/** A batch may reach over the limit. */
const largestOf = ({ batchBytes }: Omit<PoolOptions, 'poison'>): number => batchBytes * 2

/** Bodies for use again: fresh memory costs a page fault each 4 KiB, which is more than encoding into it. They lie in the workspace as
 * long as there is room, where kernels write to them. */
export class BodyPool {
  readonly #free: Body[] = []
  readonly #keep: number
  readonly #largest: number
  readonly #poison: boolean
  readonly #workspace: Workspace | undefined
  /** Of all bodies that lie in the workspace. */
  readonly #addresses: number[] = []

  constructor(options: PoolOptions, workspace?: Workspace) {
    this.#keep = bodiesOf(options)
    this.#largest = largestOf(options)
    this.#poison = options.poison
    this.#workspace = workspace
  }

  take(): Body {
    return this.#first() ?? this.#inWorkspace() ?? new Body(Math.min(initialBytes, this.#largest))
  }

  give(body: Body): void {
    if (this.#poison) body.bytes.fill(0xdd, 0, body.at)
    body.clear()
    if (body.bytes.length > this.#largest) body.goHome()
    if (this.#isPlaced(body) || this.#free.length < this.#keep) this.#free.push(body)
  }

  /** Nobody uses any of its bodies any more: their place is free for others. */
  close(): void {
    this.#free.length = 0
    for (const address of this.#addresses.splice(0)) this.#workspace!.giveBack(address)
  }

  /** The one that lies first in the workspace: were it any other, all would in time have been as full as the fullest, and take as much. */
  #first(): Body | undefined {
    let first = -1
    let least = Infinity
    for (const [index, body] of this.#free.entries()) {
      const place = this.#isPlaced(body) ? body.bytes.byteOffset : Number.MAX_SAFE_INTEGER
      if (place >= least) continue
      least = place
      first = index
    }
    return first < 0 ? undefined : this.#free.splice(first, 1)[0]
  }

  #isPlaced(body: Body): boolean {
    return body.bytes.buffer === this.#workspace?.buffer
  }

  #inWorkspace(): Body | undefined {
    if (this.#workspace === undefined || this.#addresses.length === this.#keep) return undefined
    const address = this.#workspace.lend(this.#largest)
    if (address < 0) return undefined
    this.#addresses.push(address)
    return new Body(Buffer.from(this.#workspace.buffer, address, this.#largest))
  }
}
