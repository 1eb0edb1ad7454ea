import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Kind } from '../../core/row.ts'

/** Fields that say something of an agent. */
export const Field = { event: 1, role: 2, version: 3, errorCode: 4 } as const
export type Field = (typeof Field)[keyof typeof Field]

const names: Readonly<Record<Field, readonly string[]>> = {
  [Field.event]: ['event.action', 'event', 'event_type', 'event_name'],
  [Field.role]: ['agent.role', 'agent_role', 'agentRole'],
  [Field.version]: ['agent.version', 'agent_version', 'agentVersion', 'service.version', 'service_version', 'version'],
  [Field.errorCode]: ['error.code', 'error_code', 'errorCode', 'errno']
}
const meanings = new Map(
  Object.entries(names).flatMap(([field, list]) => list.map((name): [string, number] => [name, Number(field)]))
)

/** Finds these fields in rows, by what the ids of names mean. */
export class AgentFields {
  readonly #keys: Keys
  #meaning = new Uint8Array(1024)
  #known = 0
  #generation = -1

  constructor(keys: Keys) {
    this.#keys = keys
  }

  /** To be called before each batch: learns the names that have come since. */
  refresh(): void {
    const { names: all, generation } = this.#keys
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#known = 0
    }
    if (all.length > this.#meaning.length) {
      const larger = new Uint8Array(all.length * 2)
      larger.set(this.#meaning)
      this.#meaning = larger
    }
    for (let key = this.#known; key < all.length; key++) this.#meaning[key] = meanings.get(all[key]!) ?? 0
    this.#known = all.length
  }

  /** Whether any row of the batch has a field with this meaning. */
  has({ fieldKey, fields }: Batch, wanted: Field): boolean {
    const meaning = this.#meaning
    for (let field = 0; field < fields; field++) if (meaning[fieldKey[field]!] === wanted) return true
    return false
  }

  /** The first field of the row with this meaning; -1 where it has none. */
  find({ firstField, fieldNext, fieldKey, fieldKind }: Batch, row: number, wanted: Field): number {
    const meaning = this.#meaning
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      if (meaning[fieldKey[field]!] === wanted && fieldKind[field]! < Kind.null) return field
    }
    return -1
  }

  /** Its value, cut where it is too long for what it should be; empty where the row has none. */
  text(batch: Batch, row: number, wanted: Field): string {
    const field = this.find(batch, row, wanted)
    if (field < 0) return ''
    const start = batch.fieldStart[field]!
    return batch.text(start, Math.min(batch.fieldEnd[field]!, start + 128))
  }
}
