import { type Batch, Kind } from '../../core/batch.ts'
import { Role } from './candidates.ts'

const mostFields = 32
const ranks = 32

/**
 * The names and kinds of the last row's fields, and what they meant. Rows of one program mostly look alike: then what a name means
 * need not be asked again. Learns only rows in which each role has one candidate at most and nothing is renamed.
 */
export class Shape {
  /** Which field, counted from the row's first, plays a role; -1: none does. */
  time = -1
  level = -1
  service = -1
  trace = -1
  body = -1
  readonly #keys = new Int32Array(mostFields)
  readonly #kinds = new Uint8Array(mostFields)
  /** -1: nothing is learned. */
  #count = -1
  #generation = -1

  /** To be called before each batch: ids of names may have become void. */
  refresh(generation: number): void {
    if (generation !== this.#generation) this.#count = -1
    this.#generation = generation
  }

  /** Whether the row that begins with field `first` has this shape. */
  fits(batch: Batch, first: number): boolean {
    const { fieldKey, fieldKind, fieldNext } = batch
    const keys = this.#keys
    const kinds = this.#kinds
    const count = this.#count
    // Fields of one row that no step has added to stand side by side.
    for (let i = 0, field = first; i < count; i++, field++) {
      if (fieldKey[field] !== keys[i] || fieldKind[field] !== kinds[i]) return false
    }
    return count > 0 && fieldNext[first + count - 1] === -1 && fieldNext[first] === (count === 1 ? -1 : first + 1)
  }

  /** Learns a row. `found` and `fields` are what the normalizer made of its names. */
  learn(batch: Batch, first: number, found: Int32Array, fields: Int32Array): void {
    this.#count = -1
    if (found[0] !== 0 || found[Role.span] !== 0 || found[Role.agent] !== 0) return
    for (let role = Role.time; role <= Role.body; role++) if ((found[role]! & (found[role]! - 1)) !== 0) return
    let count = 0
    for (let field = first; field >= 0; field = batch.fieldNext[field]!) {
      if (count === mostFields || field !== first + count) return
      this.#keys[count] = batch.fieldKey[field]!
      this.#kinds[count] = batch.fieldKind[field]!
      count++
    }
    const offset = (role: number): number => {
      const bits = found[role]!
      return bits === 0 ? -1 : fields[role * ranks + 31 - Math.clz32(bits)]! - first
    }
    this.time = offset(Role.time)
    this.level = offset(Role.level)
    this.service = offset(Role.service)
    this.trace = offset(Role.trace)
    this.body = offset(Role.body)
    if (this.service >= 0 && this.#kinds[this.service] === Kind.boolean) return
    this.#count = count
  }
}
