import { crashPoint, crashPointHandedOver } from '../../core/crash-points.ts'
import type { LossReason } from '../../core/outcome.ts'
import type { StoredSource } from '../../core/record.ts'
import type { Position, SourceId } from '../../core/source.ts'
import type { KnownParts } from './context.ts'
import { withRemoval } from './container-state.ts'
import { reasonOf } from './disk.ts'
import { isHead, isUnwritten, readHead } from './head.ts'
import { headBytes } from './identity.ts'
import type { KnownFile } from './known.ts'
import { Rest } from './rest.ts'
import { Retired } from './retired.ts'
import { FileSource, type SourceOwner } from './source.ts'
import { sourceParts } from './source-parts.ts'
import { StoredGeneration } from './stored-generation.ts'
import { type StoredFile, toStored } from './stored.ts'

/**
 * The generations of one file: which one is read now, from where, and what becomes of those before it. A generation has a source
 * while there is something to read or to settle, and is over when its bytes do not stand there any more.
 *
 * KnownFile says what the disk shows, with `isOver`, `end`, `resize` and `tryOpen` in this order, and lets it `settle` at each scan.
 */
export class Generations implements SourceOwner {
  source: FileSource | undefined
  /** Where a source that is not made yet starts. */
  startAt: Position = 0
  readonly stored: StoredGeneration
  readonly #file: KnownFile
  readonly #parts: KnownParts
  /** Most files never have one. */
  #retired: Retired | undefined
  #size = 0
  #filledAt = -1
  #isUnsure = false
  /** While no source is open for what was stored. */
  #rest: Rest | undefined

  constructor(file: KnownFile, parts: KnownParts) {
    this.#file = file
    this.#parts = parts
    this.stored = new StoredGeneration(file, parts, this)
  }

  get size(): number {
    return this.#size
  }

  /** Whether one that is over still has a source. */
  isHeld(id: SourceId): boolean {
    return this.#retired?.has(id) ?? false
  }

  get #retiring(): Retired {
    this.#retired ??= new Retired(this.#parts, stored => this.#newSource(stored, { wasKnown: true, barrier: 0 }))
    return this.#retired
  }

  /** It is not known now whether what was read still stands there, or stands in a copy. */
  get isUndecided(): boolean {
    return this.#isUnsure || this.#retired?.isUndecided === true
  }

  /** None of them has a source. */
  get areDone(): boolean {
    return this.source === undefined && this.#retired?.isEmpty !== false
  }

  /** Goes on with what earlier runs stored, the newest last. Throws the system's errors; then nothing has changed. */
  adopt(generations: readonly StoredFile[], size: number): void {
    const { resume } = this.#parts
    const last = generations.at(-1)!
    const isSame = resume.isSame(last, this.#file.handle, size)
    this.stored.value = isSame ? last : { ...last, isOver: true }
    for (const stored of isSame ? generations.slice(0, -1) : generations) {
      this.loseStored(stored, { reason: 'truncated_gap', nothing: () => this.stored.forget(stored) })
    }
    if (!isSame) return
    const settled = resume.settled(last)
    this.startAt = last.startAt
    this.#size = size
    if (last.isEnded && settled >= size) return this.#park(settled)
    // If it was ended, it no longer is: else the next run would take what was added for settled.
    const now = { path: this.#file.handle.path, size: Math.max(size, last.size), isEnded: false }
    const source = this.#open({ ...last, ...this.#file.inode, ...now }, { wasKnown: true })
    source.size = size
    for (const { position } of resume.cursors(last.id)) source.remember(position)
  }

  /** What an earlier run knew does not stand there any more: its rest is read from a copy, or accounted for as lost. */
  loseStored(stored: StoredFile, how: { reason: LossReason; nothing: () => void }): void {
    this.#retiring.addStored(stored, (...copy) => this.#parts.resume.standsIn(stored, ...copy), how)
  }

  /** No name leads to the file any more. Without a handle it goes on in a copy, or is lost. Throws the system's errors; then nothing has
   * changed. */
  vanish(): void {
    const { source } = this
    const { current } = this.stored
    const { handle } = this.#file
    if (current === undefined || source?.lostReason !== undefined || this.isHeld(current.id)) return
    const { copies, context } = this.#parts
    const reason = 'deleted_unread'
    if (source === undefined) return this.#retiring.addStored(current, this.#rest!.standsIn, { reason })
    const copy = copies.find(current, source.standsIn, handle.isOpen ? source.size : undefined)
    // It is read to its end; its copy is known from now on.
    if (handle.isOpen) return copy?.content.close()
    if (copy === undefined) source.lose(reason)
    else source.continueIn(copy, reason)
    context.wake(source)
  }

  /** What was read does not stand there any more. A size counts only for the file that had it: else what another one has more would be
   * lost with this one. `isTouched`: it was written to, and has not grown. */
  isOver(size: number, isTouched: boolean): boolean {
    const place = this.source ?? this.#rest
    this.#isUnsure = false
    if (place === undefined) return false
    const isChanged = isTouched || size !== this.#size
    return size < (this.source?.readTo ?? this.startAt) || (isChanged && !this.#isIntact(place))
  }

  /** Begins the next generation. */
  end(now: number): void {
    if (this.source !== undefined) return this.truncated(this.source, now)
    const { current } = this.stored
    if (current && this.#rest) this.#retiring.addStored(current, this.#rest.standsIn, { reason: 'truncated_gap' })
    this.#begin()
  }

  /** Runs what may fail, and is tried again at the next look. */
  #try(run: () => boolean, otherwise = false): boolean {
    try {
      return run()
    } catch (error) {
      this.#parts.report(reasonOf(error), this.#file.handle.path)
      return otherwise
    }
  }

  /** The bytes before the place are compared, and the head: lines may end alike, as heartbeats do, but begin with their times. */
  #isIntact(place: { isIntact(): boolean }): boolean {
    this.#isUnsure = true
    return this.#try(() => {
      const isIntact = place.isIntact() && isHead(this.stored.value!, this.#file.handle)
      this.#isUnsure = false
      return isIntact
    }, true)
  }

  /** What was read is not there any more: a new generation begins. */
  truncated(source: FileSource, now = this.#parts.context.clock.monotonic()): void {
    if (source !== this.source) return
    const { context, input } = this.#parts
    this.#retiring.add(source, this.stored.value!, 'truncated_gap')
    context.log.info('File was truncated', { input: input.name, path: this.#file.handle.path })
    this.source = undefined
    this.#begin(source.size)
    this.#file.heat.stir(now)
  }

  failed(_source: FileSource, reason: string): void {
    this.#parts.report(reason, this.#file.handle.path)
  }

  woken(source: FileSource): void {
    this.#parts.context.wake(source)
  }

  /** The stored generation is over, another one begins. */
  #begin(size = this.stored.value!.size): void {
    this.stored.end(size)
    this.#rest = undefined
    this.startAt = 0
    this.#size = 0
    this.#filledAt = -1
  }

  /** The size of the file as it is now, behind `isOver`. */
  resize(size: number, now: number): void {
    this.#size = size
    if (this.source !== undefined) this.source.size = size
    if (size > 0 && this.#filledAt < 0) this.#filledAt = now
  }

  /** Makes the source, once the first record is complete or will not be for a while. */
  tryOpen(now: number): void {
    const size = this.#size
    const isLeftOut = size <= this.startAt
    if (size === 0 || (isLeftOut && this.stored.value !== undefined)) return
    const { input, copies } = this.#parts
    const { handle } = this.#file
    this.#try(() => {
      const head = readHead(handle, size)
      const isWhole =
        head.length === headBytes ||
        head.includes(input.lineEnd === 'cr' ? 13 : 10) ||
        now - this.#filledAt >= input.partialMs
      if (head.length === 0 || !(isLeftOut || isWhole) || isUnwritten(head, handle, size)) return false
      const isNew = this.stored.current === undefined && !isLeftOut
      if (isNew && (this.#file.awaitsName || copies.isDoubtful(this.#file, size, now))) return false
      const { startAt } = this
      const { current } = this.stored
      // It has turned out to be a copy.
      if (isNew && current !== undefined) return false
      // One that goes on was rotated, read to its end and let go; it grew after all.
      const stored = current ? { ...current, isEnded: false, startAt, size } : this.stored.next(head, size, startAt)
      if (isLeftOut) this.#leaveOut(stored)
      else this.#open(stored, { wasKnown: false })
      return true
    })
  }

  /** The first `size` bytes are those of another source. Throws the system's errors. */
  leaveOut(size: number, origin: StoredFile): void {
    const stored = this.stored.next(readHead(this.#file.handle, size), size, size)
    this.#size = size
    this.#leaveOut({ ...stored, copyOf: origin.id })
  }

  #open(known: StoredFile, how: { wasKnown: boolean }): FileSource {
    crashPoint('inputs.open.before')
    const stored = withRemoval(known, this.#parts)
    const barrier = this.stored.append(stored)
    crashPointHandedOver('inputs.open.after')
    this.#rest = undefined
    const source = this.#newSource(stored, { ...how, barrier })
    this.source = source
    this.#parts.context.open(source)
    return source
  }

  #newSource(stored: StoredFile, how: { wasKnown: boolean; barrier: number }): FileSource {
    return new FileSource({
      ...sourceParts(this.#file, this.#parts, stored),
      ...how,
      owner: this
    })
  }

  /** Old content that nobody wants: stored, so that later runs know where the rest begins. */
  #leaveOut(stored: StoredFile): void {
    this.stored.put(stored)
    this.#park(stored.startAt)
  }

  /** No source for now: one is opened at this position when the file grows. */
  #park(position: Position): void {
    this.startAt = position
    this.#rest = new Rest(this.#file, position, this.#parts)
  }

  /** The file has no name left. What some output has not settled goes to the spool, and then is read from there. */
  hold(): void {
    const { source } = this
    const { context } = this.#parts
    if (context.holds === undefined || source === undefined || context.settledAll(source) >= source.size) return
    const { handle, unlinkedAt } = this.#file
    const record = (): StoredSource => toStored(this.stored.value!)
    context.holds.begin({ source, handle, unlinkedAt, record, letGo: (...copied) => this.#letGo(source, ...copied) })
  }

  #letGo(source: FileSource, heldTo: Position, reason?: LossReason): void {
    if (source !== this.source) return
    source.lose(reason, heldTo)
    this.stored.put({ ...this.stored.value!, size: source.size, heldTo })
    this.source = undefined
    this.#file.handle.close()
    this.#retiring.take(source)
  }

  /** Lets go of what has ended and is settled, and stores what has changed. */
  settle(): void {
    if (this.source?.ended) this.#release(this.source)
    this.#retired?.release(this.#file.unlinkedAt < 0 ? this.stored.value?.id : undefined)
    if (this.source !== undefined && this.source.lostReason === undefined) this.stored.update(this.source)
  }

  close(): void {
    this.#retired?.close()
    this.source?.close()
  }

  /** Lets go of a file that was read to its end, once all of it is settled. */
  #release(source: FileSource): void {
    const { context } = this.#parts
    if (source.readTo < source.size && source.lostReason === undefined) return
    if (context.settledAll(source) < source.size || !source.isRead) return
    context.close?.(source)
    context.holds?.release(source)
    source.close()
    this.source = undefined
    this.#park(source.size)
    this.#file.handle.close()
    this.stored.letGo(source)
  }
}
