import type { LossReason } from '../../core/outcome.ts'
import type { Position, SourceId } from '../../core/source.ts'
import type { Held } from '../../delivery/spool/held.ts'
import { NotYetError } from './content.ts'
import type { KnownParts } from './context.ts'
import type { Copies, Trace } from './copies.ts'
import { reasonOf } from './disk.ts'
import { packedSize } from './shelf.ts'
import type { FileSource } from './source.ts'
import type { StoredFile } from './stored.ts'

/** A generation of which it is not known yet what became of its bytes. */
interface Untold {
  readonly stored: StoredFile
  readonly trace: Trace
  readonly reason: LossReason
  /** Absent: one is made if there is anything to read or to account for, else `nothing` is called. */
  readonly source?: FileSource
  readonly nothing?: () => void
  /** Monotonic ms. */
  readonly since: number
}

/** What can not be looked at for so long is given up. */
const giveUpMs = 60_000

/** Generations whose bytes do not stand in their file any more, while there is something to find out, to read from a copy, or to
 * settle. */
export class Retired {
  readonly #parts: KnownParts
  readonly #newSource: (stored: StoredFile) => FileSource
  #untold: readonly Untold[] = []
  #sources: FileSource[] = []

  /** `newSource` makes one for what is stored. */
  constructor(parts: KnownParts, newSource: (stored: StoredFile) => FileSource) {
    this.#parts = parts
    this.#newSource = newSource
  }

  get isEmpty(): boolean {
    return this.#sources.length === 0 && this.#untold.length === 0
  }

  /** Of some it is not known yet what became of them. */
  get isUndecided(): boolean {
    return this.#untold.length > 0
  }

  has(id: SourceId): boolean {
    return this.#sources.some(source => source.id === id) || this.#untold.some(({ stored }) => stored.id === id)
  }

  /** Takes over a source whose bytes are gone. It goes on in a copy, or has lost what nobody read. */
  add(source: FileSource, stored: StoredFile, reason: LossReason): void {
    source.suspend()
    const since = this.#parts.context.clock.monotonic()
    this.#untold = [...this.#untold, { source, stored, trace: source.standsIn, reason, since }]
    this.#tell()
  }

  /** The same for one without a source. `nothing`: all that there was of it is settled. */
  addStored(stored: StoredFile, trace: Trace, how: { reason: LossReason; nothing?: () => void }): void {
    this.#untold = [...this.#untold, { stored, trace, ...how, since: this.#parts.context.clock.monotonic() }]
    this.#tell()
  }

  /** Takes over a source that is read from the spool. */
  take(source: FileSource): void {
    this.#sources.push(source)
    this.#parts.context.wake(source)
  }

  /** Lets go of those that are settled. `kept` stays stored: the number of a generation must be known until a newer one is stored. */
  release(kept: SourceId | undefined): void {
    if (this.isEmpty) return
    const { context, records } = this.#parts
    this.#tell()
    this.#sources = this.#sources.filter(source => {
      const settled = context.settledAll(source)
      if (settled < source.size || (settled < Infinity && !source.isRead)) {
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

  #tell(): void {
    // Telling one may lead back here, by way of the copies of copies.
    const untold = this.#untold
    this.#untold = []
    const left = untold.filter(one => !this.#isTold(one))
    this.#untold = [...left, ...this.#untold]
  }

  #isTold({ stored, trace, reason, source, nothing, since }: Untold): boolean {
    const { context, copies, resume, report } = this.#parts
    const held = source === undefined ? context.holds?.find(stored.id) : undefined
    let copy: ReturnType<Copies['find']>
    try {
      if (held === undefined) copy = copies.find(stored, trace)
    } catch (error) {
      if (error instanceof NotYetError) return false
      report(reasonOf(error), stored.path)
      if (context.clock.monotonic() - since < giveUpMs) return false
    }
    const isArchive = copy?.size === Infinity
    const settled = resume.settled(stored)
    const size = Math.max(mostSize(stored, settled), isArchive ? 0 : (copy?.size ?? held?.end ?? 0))
    if (source === undefined && settled >= size && !isArchive) {
      copy?.content.close()
      nothing?.()
      return true
    }
    const reader = source ?? this.#newSource({ ...stored, size })
    if (copy !== undefined) reader.continueIn(copy, reason)
    else if (source === undefined) loseStored(reader, stored, { held, reason })
    else reader.lose(reason)
    this.#sources.push(reader)
    if (source !== undefined) context.wake(reader)
    else {
      context.holds?.keep(reader)
      context.open(reader)
    }
    return true
  }
}

/** How much an archive holds shows only at its end: of one that was not read to there, all its compressed bytes count. */
function mostSize({ size, packed, isEnded }: StoredFile, settled: Position): Position {
  return packed === '' || isEnded ? size : Math.max(size, settled + packedSize(packed))
}

/** It is in the spool, as far as that had room for it, or lost. */
function loseStored(
  source: FileSource,
  { heldTo }: StoredFile,
  { held, reason }: { held: Held | undefined; reason: LossReason }
): void {
  source.keep(held)
  source.lose(heldTo < 0 ? reason : 'queue_evicted', heldTo)
}
