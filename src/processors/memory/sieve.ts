import type { Batch } from '../../core/batch.ts'
import type { Fate } from '../../core/row.ts'
import type { Processor, ProcessorContext } from '../../core/steps.ts'
import { Chosen } from '../chosen.ts'
import { KeyMemory } from './key-memory.ts'
import { LaneClock } from './lane-clock.ts'
import { LeftOutField } from './left-out.ts'

/** Says which rows of a key pass, by what is remembered of it: one time. */
export interface Rule {
  /** Epoch ms until which the key is to be remembered, once a row passes now; -1: the row is left out, and nothing changes. `until` is
   * what this said last, NaN at first; it may be of a time before the clock was set back. */
  next(until: number, now: number): number
}

export interface SieveOptions {
  readonly key: readonly string[]
  readonly maxKeys: number
  readonly if?: string | undefined
}

export interface SieveKind {
  readonly rule: Rule
  /** Of rows that are left out. */
  readonly fate: Fate
  /** The field of the next row that passes, which says how many were. */
  readonly field: string
  /** What becomes of rows that there is no room for a key for. */
  readonly keyless: 'pass' | 'share a key'
}

/** What all lanes share. */
class Shared {
  readonly kind: SieveKind
  readonly chosen: Chosen
  readonly memory: KeyMemory
  readonly field: LeftOutField

  constructor(kind: SieveKind, options: SieveOptions, context: ProcessorContext) {
    this.kind = kind
    this.chosen = new Chosen(options.if, context.keys)
    this.memory = new KeyMemory(options.key, options.maxKeys, context)
    this.field = new LeftOutField(context.keys, kind.field)
  }
}

/** Leaves rows out for the sake of those before them, in each lane by itself. */
class Sieve implements Processor {
  readonly #shared: Shared
  readonly #lane: number
  readonly #clock = new LaneClock()
  #keylessUntil = Number.NaN

  constructor(shared: Shared) {
    this.#shared = shared
    this.#lane = shared.memory.newLane()
  }

  forLane(): Processor {
    return new Sieve(this.#shared)
  }

  apply(batch: Batch): void {
    const { memory, chosen, kind } = this.#shared
    const wanted = chosen.of(batch)
    memory.open(batch, this.#lane)
    for (let row = 0; row < batch.rows; row++) {
      if (wanted[row] === 0) continue
      const now = this.#clock.at(batch, row)
      const key = memory.find(row)
      if (key >= 0) this.#sift(batch, row, key, now)
      else if (kind.keyless === 'share a key') this.#siftKeyless(batch, row, now)
    }
    memory.close()
  }

  #sift(batch: Batch, row: number, key: number, now: number): void {
    const { memory, field, kind } = this.#shared
    const until = kind.rule.next(memory.until[key]!, now)
    if (until < 0) {
      batch.fate[row] = kind.fate
      memory.leftOut[key]!++
      return
    }
    memory.until[key] = until
    const leftOut = memory.leftOut[key]!
    if (leftOut > 0 && field.tell(batch, row, leftOut)) memory.leftOut[key] = 0
  }

  #siftKeyless(batch: Batch, row: number, now: number): void {
    const { fate, rule } = this.#shared.kind
    const until = rule.next(this.#keylessUntil, now)
    if (until < 0) batch.fate[row] = fate
    else this.#keylessUntil = until
  }
}

export function sieveOf(kind: SieveKind, options: SieveOptions, context: ProcessorContext): Processor {
  return new Sieve(new Shared(kind, options, context))
}
