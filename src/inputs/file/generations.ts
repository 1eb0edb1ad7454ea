import { crashPoint, crashPointHandedOver } from '../../core/crash-points.ts'
import type { Position } from '../../core/source.ts'
import type { FileFacts, KnownParts } from './context.ts'
import { reasonOf } from './disk.ts'
import { isHead, readHead } from './head.ts'
import { headBytes } from './identity.ts'
import { describe } from './resource.ts'
import { Retired } from './retired.ts'
import { FileSource } from './source.ts'
import { StoredGeneration } from './stored-generation.ts'
import { type StoredFile, toStored } from './stored.ts'
import { Tails } from './tails.ts'

/**
 * The generations of one file: which one is read now, from where, and what becomes of those before it. A generation has a source
 * while there is something to read or to settle, and is over when its bytes do not stand there any more.
 *
 * KnownFile says what the disk shows, with `check`, `resize` and `tryOpen` in this order, and lets it `settle` at each scan.
 */
export class Generations {
  source: FileSource | undefined
  /** Where a source that is not made yet starts. */
  startAt: Position = 0
  readonly stored: StoredGeneration
  readonly #file: FileFacts
  readonly #parts: KnownParts
  readonly #retired: Retired
  #size = 0
  #filledAt = -1
  /** While no source is open for what was stored: the bytes before the place where it would go on. */
  #rest: Tails | undefined

  constructor(file: FileFacts, parts: KnownParts) {
    this.#file = file
    this.#parts = parts
    this.stored = new StoredGeneration(file, parts)
    this.#retired = new Retired(parts)
  }

  get size(): number {
    return this.#size
  }

  /** Why there is nothing to read now: it has no record yet, options left all of it out, or it was read to its end. */
  get whyIdle(): 'no_line' | 'left_out' | 'read' | undefined {
    if (this.source !== undefined) return undefined
    const { current } = this.stored
    if (current === undefined) return 'no_line'
    return current.startAt >= this.#size ? 'left_out' : 'read'
  }

  /** None of them has a source. */
  get areDone(): boolean {
    return this.source === undefined && this.#retired.isEmpty
  }

  /** Goes on with what earlier runs stored, the newest last. Throws the system's errors; then nothing has changed. */
  adopt(generations: readonly StoredFile[], size: number): void {
    const { resume } = this.#parts
    const last = generations.at(-1)!
    const isSame = resume.isSame(last, this.#file.handle, size)
    this.stored.value = isSame ? last : { ...last, isOver: true }
    for (const stored of generations) if (stored !== last || !isSame) this.loseStored(stored, 'truncated_gap')
    if (!isSame) return
    const settled = resume.settled(last)
    this.startAt = last.startAt
    this.#size = size
    if (last.isEnded && settled >= size) this.#park(settled)
    else this.#openAgain(last, size)
    if (this.source === undefined) return
    this.source.size = size
    for (const { position } of resume.cursors(last.id)) this.source.remember(position)
  }

  /** Goes on with a generation. If it was ended, it no longer is: else the next run would take what was added for settled. */
  #openAgain(last: StoredFile, size: number): void {
    const now = { path: this.#file.handle.path, size: Math.max(size, last.size), isEnded: false }
    this.#open({ ...last, ...this.#file.inode, ...now }, { wasKnown: true })
  }

  /** What an earlier run knew and can not be read any more: a source of no bytes, that accounts for what is lost. */
  loseStored(stored: StoredFile, reason: 'truncated_gap' | 'deleted_unread'): void {
    const { context, resume, records } = this.#parts
    if (resume.settled(stored) >= stored.size) {
      // The number of the last generation stays known until a newer one is stored.
      const isLast = reason === 'truncated_gap' && stored.id === this.stored.value?.id
      if (!isLast) records.push({ kind: 'forget', source: stored.id })
      else if (!stored.isOver) records.push({ kind: 'source', source: toStored({ ...stored, isOver: true }) })
      return
    }
    const source = this.#newSource(stored, { wasKnown: true, barrier: 0 })
    source.lose(reason)
    this.#retired.add(source)
    context.open(source)
  }

  /** Begins the next generation, if the one that was read does not stand there any more. A size counts only for the file that had it:
   * else what another one has more would be lost with this one. `isTouched`: it was written to, and has not grown. */
  check(size: number, isTouched: boolean, now: number): void {
    const { source } = this
    const isChanged = isTouched || size > this.#size
    const isOther = source !== undefined && isChanged && !this.#isIntact(source)
    if (source !== undefined && (size < source.readTo || isOther)) {
      this.#truncate(source, now)
      this.#parts.context.wake(source)
    }
    if (this.#rest === undefined) return
    if (size < this.startAt || (isChanged && !this.#isIntact(this.#rest))) this.#begin()
  }

  /** The bytes before the place are compared, and the head: lines may end alike, as heartbeats do, but begin with their times. */
  #isIntact(place: { isIntact(): boolean }): boolean {
    const { handle } = this.#file
    try {
      return place.isIntact() && isHead(this.stored.value!, handle)
    } catch (error) {
      this.#parts.report(reasonOf(error), handle.path)
      return true
    }
  }

  /** What was read is not there any more: a new generation begins. */
  #truncate(source: FileSource, now: number): void {
    if (source !== this.source) return
    const { context, input } = this.#parts
    source.lose('truncated_gap')
    context.log.info('File was truncated', { input: input.name, path: this.#file.handle.path })
    this.#retired.add(source)
    this.source = undefined
    this.#begin(source.size)
    this.#file.heat.stir(now)
  }

  /** The stored generation is over, another one begins. */
  #begin(size = this.stored.value!.size): void {
    this.stored.end(size)
    this.#rest = undefined
    this.startAt = 0
    this.#size = 0
    this.#filledAt = -1
  }

  /** The size of the file as it is now, behind `check`. */
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
    const { input, report } = this.#parts
    const { handle } = this.#file
    try {
      const head = readHead(handle, size)
      const isWhole = head.length === headBytes || head.includes(10) || now - this.#filledAt >= input.partialMs
      if (head.length === 0 || !(isLeftOut || isWhole)) return
      const { current } = this.stored
      const { startAt } = this
      // One that goes on was rotated, read to its end and let go; it grew after all.
      const stored = current ? { ...current, isEnded: false, startAt, size } : this.stored.next(head, size, startAt)
      if (isLeftOut) this.#leaveOut(stored)
      else this.#open(stored, { wasKnown: false })
    } catch (error) {
      report(reasonOf(error), handle.path)
    }
  }

  #open(stored: StoredFile, how: { wasKnown: boolean }): void {
    const before = this.stored.value
    crashPoint('inputs.open.before')
    const barrier = this.stored.append(stored)
    crashPointHandedOver('inputs.open.after')
    this.#rest = undefined
    if (before?.isOver && !this.#retired.has(before.id)) {
      this.#parts.records.push({ kind: 'forget', source: before.id })
    }
    this.source = this.#newSource(stored, { ...how, barrier })
    this.#parts.context.open(this.source)
  }

  #newSource(stored: StoredFile, how: { wasKnown: boolean; barrier: number }): FileSource {
    const { input, context, resume, report } = this.#parts
    const { names, handle } = this.#file
    return new FileSource({
      ...describe(input, context.hostName, stored.name, names),
      ...how,
      id: stored.id,
      startAt: stored.startAt,
      size: stored.size,
      handle,
      link: context.link,
      cuts: resume.cuts(stored.id),
      parser: resume.parser(stored.id),
      truncated: source => this.#truncate(source, context.clock.monotonic()),
      failed: (_source, reason) => report(reason, handle.path)
    })
  }

  /** Old content that nobody wants: stored, so that later runs know where the rest begins. */
  #leaveOut(stored: StoredFile): void {
    this.stored.put(stored)
    this.#park(stored.startAt)
  }

  /** No source for now: one is opened at this position when the file grows. */
  #park(position: Position): void {
    const { handle, unlinkedAt } = this.#file
    this.startAt = position
    this.#rest = new Tails(handle)
    if (unlinkedAt >= 0) return
    try {
      this.#rest.load(position)
    } catch (error) {
      this.#parts.report(reasonOf(error), handle.path)
    }
  }

  /** Lets go of what has ended and is settled, and stores what has changed. */
  settle(): void {
    if (this.source?.ended) this.#release(this.source)
    this.#retired.release(this.#file.unlinkedAt < 0 ? this.stored.value?.id : undefined)
    if (this.source !== undefined && this.source.lostReason === undefined) this.stored.update(this.source)
  }

  /** Lets go of a file that was read to its end, once all of it is settled. */
  #release(source: FileSource): void {
    const { context } = this.#parts
    if (source.readTo < source.size && source.lostReason === undefined) return
    if (context.settledAll(source) < source.size) return
    context.close?.(source)
    this.source = undefined
    this.#park(source.size)
    this.#file.handle.close()
    this.stored.letGo(source)
  }
}
