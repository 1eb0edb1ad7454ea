import type { Source } from '../core/source.ts'

/** Who writes to more files than these in turns has their texts made again and again, which takes a tenth of what reading them does. */
const mostKept = 1000

/** What an encoder has prepared for rows of a source: a KiB or two. There may be ten thousand at rest, so only those stay that were
 * made last. */
export class SourceTexts<T> {
  readonly #texts = new WeakMap<Source, T>()
  /** Of sources with texts, a ring. */
  readonly #made: WeakRef<Source>[] = []
  #next = 0

  get(source: Source): T | undefined {
    return this.#texts.get(source)
  }

  /** For a source without. */
  set(source: Source, text: T): void {
    const oldest = this.#made[this.#next]?.deref()
    if (oldest !== undefined) this.#texts.delete(oldest)
    this.#made[this.#next] = new WeakRef(source)
    this.#next = (this.#next + 1) % mostKept
    this.#texts.set(source, text)
  }
}
