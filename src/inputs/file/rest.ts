import type { Position } from '../../core/source.ts'
import type { FileFacts, KnownParts } from './context.ts'
import type { Trace } from './copies.ts'
import { reasonOf } from './disk.ts'
import { Tails } from './tails.ts'

/** The place where reading would go on in a file that has no source for now. */
export class Rest {
  readonly #tails: Tails

  constructor({ handle, unlinkedAt }: FileFacts, at: Position, { report }: Pick<KnownParts, 'report'>) {
    this.#tails = new Tails(handle)
    if (unlinkedAt >= 0) return
    try {
      this.#tails.load(at)
    } catch (error) {
      report(reasonOf(error), handle.path)
    }
  }

  /** Whether what stood before the place still does. Throws the system's errors. */
  isIntact(): boolean {
    return this.#tails.isIntact()
  }

  get standsIn(): Trace {
    return (content, size) => this.#tails.standIn(content, size)
  }
}
