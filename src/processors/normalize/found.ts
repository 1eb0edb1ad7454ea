import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { ranks, roles } from './candidates.ts'

/** Which roles the fields of one row can play. Role 0 stands for the renames. */
export class Found {
  /** By role: the ranks that the row has, as bits. */
  readonly ranks = new Int32Array(roles)
  /** By role and rank: their fields. */
  readonly #fields = new Int32Array(roles * ranks)

  /** Looks at the fields of a row from the first on; `meaning` is that of `Candidates`. */
  look(batch: Batch, first: number, meaning: Uint16Array): void {
    const found = this.ranks
    const fields = this.#fields
    const { fieldKey, fieldKind, fieldNext } = batch
    // a loop, as `fill` is a call out of compiled code: 15 ns a row
    for (let role = 0; role < roles; role++) found[role] = 0
    for (let field = first; field >= 0; field = fieldNext[field]!) {
      const means = meaning[fieldKey[field]!]!
      if (means === 0 || fieldKind[field]! >= Kind.null) continue
      const place = means & 0xff
      if (place !== 0) {
        found[place >> 5]! |= 1 << (place & 31)
        fields[place] = field
      }
      if (means > 0xff) {
        found[0]! |= 1 << (means >> 8)
        fields[means >> 8] = field
      }
    }
  }

  has(role: number): boolean {
    return this.ranks[role] !== 0
  }

  /** The field of a role with this rank. */
  field(role: number, rank: number): number {
    return this.#fields[role * ranks + rank]!
  }

  /** The field that comes first for a role; -1 where there is none. */
  first(role: number): number {
    const bits = this.ranks[role]!
    return bits === 0 ? -1 : this.field(role, lowestBit(bits))
  }

  /** Whether two fields could play a role. */
  isContested(role: number): boolean {
    const bits = this.ranks[role]!
    return (bits & (bits - 1)) !== 0
  }
}

export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
