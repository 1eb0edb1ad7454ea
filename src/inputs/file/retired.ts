import type { SourceId } from '../../core/source.ts'
import type { KnownParts } from './context.ts'
import type { FileSource } from './source.ts'

/** Generations that are over, while rows of theirs are under way. */
export class Retired {
  readonly #parts: KnownParts
  #sources: FileSource[] = []

  constructor(parts: KnownParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0
  }

  has(id: SourceId): boolean {
    return this.#sources.some(source => source.id === id)
  }

  add(source: FileSource): void {
    this.#sources.push(source)
  }

  /** Lets go of those that are settled. `kept` stays stored: the number of a generation must be known until a newer one is stored. */
  release(kept: SourceId | undefined): void {
    const { context, records } = this.#parts
    this.#sources = this.#sources.filter(source => {
      if (context.settledAll(source) < source.size) {
        context.wake(source)
        return true
      }
      context.close?.(source)
      if (source.id !== kept) records.push({ kind: 'forget', source: source.id })
      return false
    })
  }
}
