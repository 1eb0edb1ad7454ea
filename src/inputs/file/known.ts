import { crashPoint } from '../../core/crash-points.ts'
import type { Position } from '../../core/source.ts'
import type { FileStat } from './disk.ts'
import { reasonOf } from './disk.ts'
import type { KnownParts } from './context.ts'
import { Handle } from './handle.ts'
import { Heat } from './heat.ts'
import { hashOf, headBytes, type Inode, keyOf, sourceId } from './identity.ts'
import { isHead, longerHead } from './resume.ts'
import { Retired } from './retired.ts'
import { FileSource } from './source.ts'
import { describe } from './resource.ts'
import { type StoredFile, toStored } from './stored.ts'
import { Tails } from './tails.ts'

/** A rotated file that exists counts as finished when it was quiet for so long. If it grows after all, it is read on. */
const rotatedWaitMs = 2000
/** The same for a file without a name: nobody will find it again, so its writer gets more time. */
const unlinkedWaitMs = 10_000
const idleCloseMs = 60_000

/** One file of the disk, over its names and generations. Times are monotonic ms. */
export class KnownFile {
  readonly key: string
  readonly handle: Handle
  readonly #inode: Inode
  readonly #parts: KnownParts
  /** All names it was found under first. */
  readonly #names: readonly string[]
  /** The path it was first met under. */
  name: string
  source: FileSource | undefined
  /** Where a source that is not made yet starts. */
  startAt: Position = 0
  /** When it was first seen without its name, and without any. -1: not so. */
  awayAt = -1
  unlinkedAt = -1
  /** The file itself said that it has no name left. */
  isUnlinked = false
  readonly heat = new Heat()
  #stored: StoredFile | undefined
  #generation = 0
  #size = 0
  #mtimeNs = 0n
  #usedAt = 0
  #filledAt = -1
  /** While no source is open for what was stored: the bytes before the place where it would go on. */
  #rest: Tails | undefined
  readonly #retired: Retired

  constructor(path: string, names: readonly string[], inode: Inode, parts: KnownParts) {
    this.#inode = inode
    this.key = keyOf(inode)
    this.#parts = parts
    this.#names = names
    this.name = names[0] ?? path
    this.handle = new Handle(path, inode, parts)
    this.#retired = new Retired(parts)
  }

  get path(): string {
    return this.handle.path
  }

  get size(): number {
    return this.#size
  }

  get mtimeMs(): number {
    return Number(this.#mtimeNs / 1_000_000n)
  }

  /** Why there is nothing to read in it now: it has no record yet, options left all of it out, or it was read to its end. */
  get whyIdle(): 'no_line' | 'left_out' | 'read' | undefined {
    if (this.source !== undefined) return undefined
    if (this.#stored === undefined || this.#stored.isOver) return 'no_line'
    return this.#stored.startAt >= this.#size ? 'left_out' : 'read'
  }

  /** Nothing is left to do for it. */
  get isDone(): boolean {
    return this.unlinkedAt >= 0 && this.source === undefined && this.#retired.isEmpty
  }

  /** Goes on with what earlier runs stored of it. Throws the system's errors; then nothing has changed. */
  adopt(generations: readonly StoredFile[], stat: FileStat): void {
    const { resume } = this.#parts
    const last = generations.at(-1)!
    const size = Number(stat.size)
    const isSame = resume.isSame(last, this.handle, size)
    this.name = last.name
    this.#generation = isSame ? last.generation : last.generation + 1
    this.#stored = isSame ? last : { ...last, isOver: true }
    for (const file of generations) if (file !== last || !isSame) this.loseStored(file, 'truncated_gap')
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
    const now = { path: this.path, size: Math.max(size, last.size), isEnded: false }
    this.#open({ ...last, ...this.#inode, ...now }, { wasKnown: true })
  }

  /** What an earlier run knew and can not be read any more: a source of no bytes, that accounts for what is lost. */
  loseStored(file: StoredFile, reason: 'truncated_gap' | 'deleted_unread'): void {
    const { resume, records } = this.#parts
    if (resume.settled(file) >= file.size) {
      // The number of the last generation stays known until a newer one is stored.
      const isLast = reason === 'truncated_gap' && file.id === this.#stored?.id
      if (!isLast) records.push({ kind: 'forget', source: file.id })
      else if (!file.isOver) records.push({ kind: 'source', source: toStored({ ...file, isOver: true }) })
      return
    }
    const source = this.#make(file, { wasKnown: true, barrier: 0 })
    source.lose(reason)
    this.#retired.add(source)
    this.#parts.context.open(source)
  }

  /** Takes note of what the file is like now. */
  observe(stat: FileStat, now: number): void {
    const size = Number(stat.size)
    const before = this.#size
    const { source } = this
    const isTouched = size <= before && stat.mtimeNs !== this.#mtimeNs
    this.#mtimeNs = stat.mtimeNs
    // A size counts only for the file that had it: else what another one has more would be lost with this one.
    const isOther =
      source !== undefined && (isTouched || size > before) && !this.#isIntact(source, isTouched || source.readTo === 0)
    if (source !== undefined && (size < source.readTo || isOther)) {
      this.truncate(source, now)
      this.#parts.context.wake(source)
    }
    if (this.#rest !== undefined && (size < this.startAt || ((isTouched || size > before) && !this.#isRestIntact()))) {
      this.#begin()
    }
    this.#size = size
    if (this.source !== undefined) this.source.size = size
    if (size > 0 && this.#filledAt < 0) this.#filledAt = now
    if (size > before) this.#grow(now)
    if (this.source === undefined) this.tryOpen(now)
    else if (this.source.isFailing) this.#parts.context.wake(this.source)
  }

  /** What was read is not there any more: a new generation begins. */
  truncate(source: FileSource, now: number): void {
    if (source !== this.source) return
    const { context, input } = this.#parts
    source.lose('truncated_gap')
    context.log.info('File was truncated', { input: input.name, path: this.path })
    this.#retired.add(source)
    this.source = undefined
    this.#stored = { ...this.#stored!, size: source.size }
    this.#begin()
    this.heat.stir(now)
  }

  /** The stored generation is over, another one begins. */
  #begin(): void {
    this.#rest = undefined
    this.#stored = { ...this.#stored!, isOver: true }
    this.#parts.records.push({ kind: 'source', source: toStored(this.#stored) })
    this.#generation = this.#stored.generation + 1
    this.startAt = 0
    this.#size = 0
    this.#filledAt = -1
  }

  /** Makes the source, once the first record is complete or will not be for a while. */
  tryOpen(now: number): void {
    if (this.#size === 0 || (this.#size <= this.startAt && this.#stored !== undefined)) return
    const { context, input, report } = this.#parts
    try {
      const head = Buffer.allocUnsafe(Math.min(headBytes, this.#size))
      const got = this.handle.read([head], 0)
      const isLeftOut = this.#size <= this.startAt
      const isReady =
        isLeftOut || got === headBytes || head.subarray(0, got).includes(10) || now - this.#filledAt >= input.partialMs
      if (got === 0 || !isReady) return
      const read = head.subarray(0, got)
      const known = this.#stored
      if (known !== undefined && !known.isOver) {
        // Rotated, read to its end and let go; it grew after all.
        this.#open({ ...known, isEnded: false, startAt: this.startAt, size: this.#size }, { wasKnown: false })
        return
      }
      const id = sourceId(context.hostId, this.#inode, this.#generation, read)
      const { dev, ino, birth } = this.#inode
      const file = { id, dev, ino, birth, input: input.name, name: this.name, path: this.path, size: this.#size }
      const fingerprint = { headLength: got, head: hashOf(read), generation: this.#generation }
      const rest = { startAt: this.startAt, isOver: false, isEnded: isLeftOut, seenAt: context.clock.now() }
      const stored = { ...file, ...fingerprint, ...rest }
      if (isLeftOut) this.#leaveOut(stored)
      else this.#open(stored, { wasKnown: false })
    } catch (error) {
      report(reasonOf(error), this.path)
    }
  }

  /** Old content that nobody wants: stored, so that later runs know where the rest begins. */
  #leaveOut(stored: StoredFile): void {
    this.#stored = stored
    this.#park(stored.startAt)
    this.#parts.records.push({ kind: 'source', source: toStored(stored) })
  }

  /** No source for now: one is opened at this position when the file grows. */
  #park(position: Position): void {
    this.startAt = position
    this.#rest = new Tails(this.handle)
    if (this.unlinkedAt >= 0) return
    try {
      this.#rest.load(position)
    } catch (error) {
      this.#parts.report(reasonOf(error), this.path)
    }
  }

  /** Tells the state that the file is still there, so that it is not forgotten however long nothing happens to it. */
  touch(): void {
    if (this.#stored === undefined) return
    const seenAt = this.#parts.context.clock.now()
    this.#parts.records.push({ kind: 'source', source: toStored({ ...this.#stored, seenAt }) })
  }

  /** Once a scan, behind `observe`: what time brings about. */
  age(now: number): void {
    if (this.handle.takeUses() > 0) this.#usedAt = now
    const { source } = this
    if (source !== undefined && !source.ended && this.#isFinished(now)) {
      source.ended = true
      this.#parts.context.wake(source)
    }
    if (source?.ended) this.#release(source)
    this.#retired.release(this.unlinkedAt < 0 ? this.#stored?.id : undefined)
    this.#store()
    const isIdle = now - this.#usedAt >= idleCloseMs && this.awayAt < 0
    if (isIdle && this.handle.isOpen && this.unlinkedAt < 0 && this.isSettled) this.handle.close()
  }

  /** Nothing of it would be lost if it were deleted while it is closed. */
  get isSettled(): boolean {
    const { source } = this
    return source === undefined || (this.#isRead && this.#parts.context.settledAll(source) >= source.size)
  }

  get #isRead(): boolean {
    return this.source === undefined || this.source.readTo >= this.#size
  }

  /** Closes the handle if nothing is to be read just now. */
  rest(now: number): void {
    if (this.#isRead && !this.heat.isWarm(now) && this.awayAt < 0 && this.unlinkedAt < 0) this.handle.close()
  }

  /** Nothing at all is left of the file on disk, and no handle. */
  vanish(now: number): void {
    if (this.unlinkedAt < 0) this.unlinkedAt = now
    const { source } = this
    if (source === undefined || this.handle.isOpen || source.lostReason !== undefined) return
    source.lose('deleted_unread')
    this.#parts.context.wake(source)
  }

  #isRestIntact(): boolean {
    return this.#isIntact(this.#rest!, true)
  }

  #isIntact(place: { isIntact(): boolean }, withHead: boolean): boolean {
    try {
      return place.isIntact() && (!withHead || isHead(this.#stored!, this.handle))
    } catch (error) {
      this.#parts.report(reasonOf(error), this.path)
      return true
    }
  }

  #grow(now: number): void {
    this.heat.grow(now)
    if (this.source === undefined) return
    this.source.ended = false
    this.#parts.context.wake(this.source)
  }

  #isFinished(now: number): boolean {
    const { grewAt } = this.heat
    if (this.unlinkedAt >= 0) return now - Math.max(this.unlinkedAt, grewAt) >= unlinkedWaitMs
    return this.awayAt >= 0 && now - Math.max(this.awayAt, grewAt) >= rotatedWaitMs
  }

  /** Lets go of a file that was read to its end, once all of it is settled. */
  #release(source: FileSource): void {
    const { context, records } = this.#parts
    if (source.readTo < source.size && source.lostReason === undefined) return
    if (context.settledAll(source) < source.size) return
    context.close?.(source)
    this.source = undefined
    this.#park(source.size)
    this.handle.close()
    if (this.#stored === undefined) return
    this.#stored = { ...this.#stored, size: source.size, isEnded: true, seenAt: context.clock.now() }
    if (this.isUnlinked) records.push({ kind: 'forget', source: source.id })
    else records.push({ kind: 'source', source: toStored(this.#stored) })
  }

  /** Stores what has changed. */
  #store(): void {
    const stored = this.#stored
    const { source } = this
    if (stored === undefined || source === undefined || source.lostReason !== undefined) return
    const mayGrow = stored.headLength < headBytes && source.size > stored.headLength
    if (stored.size === source.size && stored.path === this.path && !mayGrow) return
    const head = mayGrow ? longerHead(stored, this.handle, source.size) : {}
    this.#stored = { ...stored, ...head, size: source.size, path: this.path, seenAt: this.#parts.context.clock.now() }
    this.#parts.records.push({ kind: 'source', source: toStored(this.#stored) })
  }

  #open(stored: StoredFile, how: { wasKnown: boolean }): void {
    const { context } = this.#parts
    // A generation, too, has to be durable before its first row is sent.
    const barrier = context.link.append([{ kind: 'source', source: toStored(stored) }])
    crashPoint('inputs.open.after')
    const before = this.#stored
    this.#stored = stored
    this.#rest = undefined
    if (before?.isOver && !this.#retired.has(before.id)) {
      this.#parts.records.push({ kind: 'forget', source: before.id })
    }
    this.source = this.#make(stored, { ...how, barrier })
    context.open(this.source)
  }

  #make(stored: StoredFile, how: { wasKnown: boolean; barrier: number }): FileSource {
    const { input, context, resume, report } = this.#parts
    return new FileSource({
      ...describe(input, context.hostName, stored.name, this.#names),
      ...how,
      id: stored.id,
      startAt: stored.startAt,
      size: stored.size,
      handle: this.handle,
      link: context.link,
      cuts: resume.cuts(stored.id),
      parser: resume.parser(stored.id),
      truncated: source => this.truncate(source, context.clock.monotonic()),
      failed: (_source, reason) => report(reason, this.path)
    })
  }
}
