import type { LossReason } from '../../core/outcome.ts'
import type { SourceId } from '../../core/source.ts'
import type { KnownParts } from './context.ts'
import type { Trace } from './copies.ts'
import type { FileSource } from './source.ts'
import type { StoredFile } from './stored.ts'

/** Generations whose bytes do not stand in their file any more, while there is something to settle, or to read from a copy. */
export class Retired {
  readonly #parts: KnownParts
  readonly #newSource: (stored: StoredFile) => FileSource
  #sources: FileSource[] = []

  /** `newSource` makes one for what is stored. */
  constructor(parts: KnownParts, newSource: (stored: StoredFile) => FileSource) {
    this.#parts = parts
    this.#newSource = newSource
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0
  }

  has(id: SourceId): boolean {
    return this.#sources.some(source => source.id === id)
  }

  /** Takes over a source whose bytes are gone. Throws the system's errors; then nothing has changed. */
  add(source: FileSource, stored: StoredFile, reason: LossReason): true {
    replace(source, stored, { reason, copies: this.#parts.copies })
    this.#sources.push(source)
    this.#parts.context.wake(source)
    return true
  }

  /** Takes over a source that is read from the spool. */
  take(source: FileSource): void {
    this.#sources.push(source)
    this.#parts.context.wake(source)
  }

  /** The same for one without a source. Returns whether there is anything to read or to account for. Throws the system's errors; then
   * nothing has changed. */
  addStored(stored: StoredFile, trace: Trace, reason: LossReason): boolean {
    const { context, copies, resume } = this.#parts
    const held = context.holds?.find(stored.id)
    const copy = held === undefined ? copies.find(stored, trace) : undefined
    const size = Math.max(stored.size, copy?.size ?? held?.end ?? 0)
    if (resume.settled(stored) >= size) {
      copy?.handle.close()
      return false
    }
    const source = this.#newSource({ ...stored, size })
    if (copy !== undefined) source.continueIn(copy, reason)
    else {
      source.keep(held)
      source.lose(stored.heldTo < 0 ? reason : held === undefined ? 'corrupt_frame' : 'queue_evicted', stored.heldTo)
    }
    this.#sources.push(source)
    context.holds?.keep(source)
    context.open(source)
    return true
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
      context.holds?.release(source)
      source.close()
      if (source.id !== kept) records.push({ kind: 'forget', source: source.id })
      return false
    })
  }

  close(): void {
    for (const source of this.#sources) source.close()
  }
}

/** Its bytes are gone: it goes on in a copy, or has lost what nobody read. Throws the system's errors; then nothing has changed. */
export function replace(
  source: FileSource,
  stored: StoredFile,
  { reason, copies }: { reason: LossReason; copies: KnownParts['copies'] }
): void {
  const copy = copies.find(stored, (content, size) => source.standsIn(content, size))
  if (copy === undefined) source.lose(reason)
  else source.continueIn(copy, reason)
}
