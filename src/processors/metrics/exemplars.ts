import type { Batch } from '../../core/batch.ts'
import type { Exemplar } from '../../core/families.ts'
import { Kind } from '../../core/row.ts'
import { grown } from '../../core/workspace.ts'

const idBytes = 32

/** A row with a trace for each bucket of each series: the first of the last batch that had one. */
export class Exemplars {
  /** Of a series. */
  readonly #width: number
  #ids: Uint8Array
  #values: Float64Array
  /** Epoch ms; 0: there is none. */
  #times: Float64Array
  /** The batch that it is of. */
  #batches: Int32Array
  #batch!: Batch
  #number = 0

  constructor(width: number) {
    this.#width = width
    this.#ids = new Uint8Array(16 * width * idBytes)
    this.#values = new Float64Array(16 * width)
    this.#times = new Float64Array(16 * width)
    this.#batches = new Int32Array(16 * width)
  }

  /** To be called before the rows of a batch are looked at. */
  open(batch: Batch): void {
    this.#batch = batch
    this.#number = (this.#number + 1) | 0
  }

  note(series: number, bucket: number, row: number, value: number): void {
    if (this.#width === 0) return
    const slot = series * this.#width + bucket
    const { traceId, bytes, time } = this.#batch
    if (this.#batches[slot] === this.#number || traceId.kind[row] === Kind.absent) return
    this.#batches[slot] = this.#number
    const start = traceId.start[row]!
    for (let i = 0; i < idBytes; i++) this.#ids[slot * idBytes + i] = bytes[start + i]!
    this.#values[slot] = value
    this.#times[slot] = time[row]!
  }

  of(series: number): (Exemplar | undefined)[] {
    return Array.from({ length: this.#width }, (_, bucket) => {
      const slot = series * this.#width + bucket
      const at = this.#times[slot]!
      if (at === 0) return undefined
      const traceId = Buffer.from(this.#ids.subarray(slot * idBytes, (slot + 1) * idBytes)).toString('latin1')
      return { traceId, value: this.#values[slot]!, at }
    })
  }

  clear(series: number): void {
    this.#times.fill(0, series * this.#width, (series + 1) * this.#width)
    this.#batches.fill(0, series * this.#width, (series + 1) * this.#width)
  }

  move(from: number, to: number): void {
    const width = this.#width
    for (const array of [this.#values, this.#times, this.#batches]) {
      array.copyWithin(to * width, from * width, (from + 1) * width)
    }
    this.#ids.copyWithin(to * width * idBytes, from * width * idBytes, (from + 1) * width * idBytes)
  }

  /** Makes room for so many series. */
  grow(series: number): void {
    const slots = series * this.#width
    this.#ids = grown(this.#ids, new Uint8Array(slots * idBytes))
    this.#values = grown(this.#values, new Float64Array(slots))
    this.#times = grown(this.#times, new Float64Array(slots))
    this.#batches = grown(this.#batches, new Int32Array(slots))
  }
}
