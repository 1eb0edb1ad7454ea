import { crashPoint, crashPointHandedOver } from '../../core/crash-points.ts'
import type { StateLink, StateRecord } from '../../core/record.ts'
import type { Marks, Position, SourceId } from '../../core/source.ts'

/** The stored decisions on row borders of one source. */
export class FileMarks implements Marks {
  readonly #id: SourceId
  readonly #link: StateLink
  /** Ascending. */
  #cuts: readonly Position[]
  #parser: string | undefined
  #barrier = 0

  constructor(id: SourceId, link: StateLink, known: { cuts: readonly Position[]; parser: string | undefined }) {
    this.#id = id
    this.#link = link
    this.#cuts = known.cuts.length === 0 ? known.cuts : known.cuts.toSorted((a, b) => a - b)
    this.#parser = known.parser
  }

  /** The number of the last decision's record: rows of every lane of this source wait for it, whoever decided. */
  get barrier(): number {
    return this.#barrier
  }

  nextCut(from: Position): Position {
    for (const cut of this.#cuts) if (cut > from) return cut
    return Infinity
  }

  addCut(at: Position): number {
    if (!this.#cuts.includes(at)) this.#cuts = [...this.#cuts, at].toSorted((a, b) => a - b)
    crashPoint('inputs.cut.before')
    this.#barrier = this.#link.append([{ kind: 'cut', source: this.#id, position: at }])
    crashPointHandedOver('inputs.cut.after')
    return this.#barrier
  }

  /** Forgets the cuts before a position that all cursors have passed. Returns the record to store behind those cursors, if any. */
  dropCuts(before: Position): StateRecord | undefined {
    if (this.#cuts.length === 0 || this.#cuts[0]! >= before) return undefined
    this.#cuts = this.#cuts.filter(cut => cut >= before)
    return { kind: 'uncut', source: this.#id, before }
  }

  get parser(): string | undefined {
    return this.#parser
  }

  get format(): string | undefined {
    return this.#parser?.replace(/@.*/, '').replaceAll(',', ', ')
  }

  choose(parser: string): number {
    this.#parser = parser
    this.#barrier = this.#link.append([{ kind: 'parser', source: this.#id, parser }])
    return this.#barrier
  }
}
