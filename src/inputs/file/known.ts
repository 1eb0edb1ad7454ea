import type { StateRecord } from '../../core/record.ts'
import type { Position } from '../../core/source.ts'
import type { Disk, FileStat } from './disk.ts'
import { reasonOf } from './disk.ts'
import type { FollowContext, FollowInput } from './follower.ts'
import { type Allowed, Handle } from './handle.ts'
import { hashOf, headBytes, type Inode, inodeOf, keyOf, sourceId } from './identity.ts'
import { isHead, type Resume } from './resume.ts'
import { FileSource } from './source.ts'
import { resourceOf, serviceOf } from './resource.ts'
import { type StoredFile, toStored } from './stored.ts'

/** A rotated file that exists counts as finished when it was quiet for so long. If it grows after all, it is read on. */
const rotatedWaitMs = 2000
/** The same for a file without a name: nobody will find it again, so its writer gets more time. */
const unlinkedWaitMs = 10_000
/** A file that grew is looked at every 50 ms for a moment, and longer when it grew twice within a second. */
const warmMs = 200
const hotMs = 10_000
const secondMs = 1000
const idleCloseMs = 60_000

export interface KnownParts {
  readonly input: FollowInput
  readonly context: FollowContext
  readonly disk: Disk
  readonly allowed: Allowed
  readonly resume: Resume
  readonly report: (reason: string, path: string) => void
  /** Records to store, sent together after each scan. */
  readonly records: StateRecord[]
}

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
  hotUntil = -1
  isHot = false
  #stored: StoredFile | undefined
  #generation = 0
  #size = 0
  #mtimeNs = 0n
  #grewAt = -Infinity
  #usedAt = 0
  #filledAt = -1
  /** Former generations with rows under way. */
  #retired: FileSource[] = []

  constructor(path: string, names: readonly string[], stat: FileStat, parts: KnownParts) {
    this.#inode = inodeOf(stat)
    this.key = keyOf(this.#inode)
    this.#parts = parts
    this.#names = names
    this.name = names[0] ?? path
    this.handle = new Handle(path, this.#inode, parts)
    this.#mtimeNs = stat.mtimeNs
  }

  get path(): string {
    return this.handle.path
  }

  get size(): number {
    return this.#size
  }

  /** Nothing is left to do for it. */
  get isDone(): boolean {
    return this.unlinkedAt >= 0 && this.source === undefined && this.#retired.length === 0
  }

  /** Goes on with what earlier runs stored of it. Throws the system's errors; then nothing has changed. */
  adopt(generations: readonly StoredFile[], stat: FileStat): void {
    const { resume } = this.#parts
    const last = generations.at(-1)!
    const size = Number(stat.size)
    const isSame = resume.isSame(last, this.handle, size)
    for (const file of generations) if (file !== last || !isSame) this.loseStored(file, 'truncated_gap')
    this.name = last.name
    this.#generation = isSame ? last.generation : last.generation + 1
    this.#stored = last
    if (!isSame) return
    const settled = resume.settled(last)
    this.startAt = last.startAt
    this.#size = size
    if (last.isEnded && settled >= size) this.startAt = size
    else this.#open({ ...last, ...this.#inode, path: this.path, size: Math.max(size, last.size) }, { wasKnown: true })
    if (this.source === undefined) return
    this.source.size = size
    for (const { position } of resume.cursors(last.id)) this.source.remember(position)
  }

  /** What an earlier run knew and can not be read any more: a source of no bytes, that accounts for what is lost. */
  loseStored(file: StoredFile, reason: 'truncated_gap' | 'deleted_unread'): void {
    const { resume, records } = this.#parts
    if (resume.settled(file) >= file.size) {
      if (file.isOver || reason === 'deleted_unread') records.push({ kind: 'forget', source: file.id })
      else records.push({ kind: 'source', source: toStored({ ...file, isOver: true }) })
      return
    }
    const source = this.#make(file, { wasKnown: true, barrier: 0 })
    source.lose(reason)
    this.#retired.push(source)
    this.#parts.context.open(source)
  }

  /** Takes note of what the file is like now. */
  observe(stat: FileStat, now: number): void {
    const size = Number(stat.size)
    const before = this.#size
    const { source } = this
    const isTouched = size <= before && stat.mtimeNs !== this.#mtimeNs
    this.#mtimeNs = stat.mtimeNs
    if (source !== undefined && (size < source.readTo || (isTouched && !this.#isIntact(source)))) {
      this.truncate(source, now)
      source.ended = true
      this.#parts.context.wake(source)
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
    const { records, context, input } = this.#parts
    source.lose('truncated_gap')
    context.log.info('File was truncated', { input: input.name, path: this.path })
    this.#retired.push(source)
    this.#stored = { ...this.#stored!, size: source.size, isOver: true }
    records.push({ kind: 'source', source: toStored(this.#stored) })
    this.source = undefined
    this.#generation = this.#stored.generation + 1
    this.startAt = 0
    this.#size = 0
    this.#filledAt = -1
    this.hotUntil = now + secondMs
  }

  /** Makes the source, once the first record is complete or will not be for a while. */
  tryOpen(now: number): void {
    if (this.#size <= this.startAt && (this.#size === 0 || this.startAt > 0)) return
    const { context, input, report } = this.#parts
    try {
      const head = Buffer.allocUnsafe(Math.min(headBytes, this.#size))
      const got = this.handle.read([head], 0)
      const isReady = got === headBytes || head.subarray(0, got).includes(10) || now - this.#filledAt >= input.partialMs
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
      const rest = { startAt: this.startAt, isOver: false, isEnded: false, seenAt: context.clock.now() }
      this.#open({ ...file, ...fingerprint, ...rest }, { wasKnown: false })
    } catch (error) {
      report(reasonOf(error), this.path)
    }
  }

  /** Once a scan, behind `observe`: what time brings about. */
  age(now: number): void {
    if (this.handle.takeUses() > 0) this.#usedAt = now
    const { source } = this
    if (source !== undefined && !source.ended && this.#isFinished(now)) this.#end(source)
    if (source?.ended) this.#release(source)
    this.#releaseRetired()
    this.#store()
    const isIdle = now - this.#usedAt >= idleCloseMs && this.awayAt < 0
    if (isIdle && this.handle.isOpen && this.unlinkedAt < 0) this.handle.close()
  }

  /** Nothing at all is left of the file on disk, and no handle. */
  vanish(now: number): void {
    if (this.unlinkedAt < 0) this.unlinkedAt = now
    const { source } = this
    if (source === undefined || this.handle.isOpen || source.lostReason !== undefined) return
    source.lose('deleted_unread')
    this.#parts.context.wake(source)
  }

  #isIntact(source: FileSource): boolean {
    try {
      return source.isIntact() && isHead(this.#stored!, this.handle)
    } catch (error) {
      this.#parts.report(reasonOf(error), this.path)
      return true
    }
  }

  #grow(now: number): void {
    this.hotUntil = Math.max(this.hotUntil, now + (now - this.#grewAt <= secondMs ? hotMs : warmMs))
    this.isHot = now - this.#grewAt <= secondMs
    this.#grewAt = now
    if (this.source === undefined) return
    this.source.ended = false
    this.#parts.context.wake(this.source)
  }

  #isFinished(now: number): boolean {
    if (this.unlinkedAt >= 0) return now - Math.max(this.unlinkedAt, this.#grewAt) >= unlinkedWaitMs
    return this.awayAt >= 0 && now - Math.max(this.awayAt, this.#grewAt) >= rotatedWaitMs
  }

  #end(source: FileSource): void {
    source.ended = true
    this.#parts.context.wake(source)
  }

  /** Lets go of a file that was read to its end, once all of it is settled. */
  #release(source: FileSource): void {
    const { context, records } = this.#parts
    if (source.readTo < source.size && source.lostReason === undefined) return
    if (context.settledAll(source) < source.size) return
    context.close?.(source)
    this.handle.close()
    this.source = undefined
    this.startAt = source.size
    if (this.#stored === undefined) return
    this.#stored = { ...this.#stored, size: source.size, isEnded: true, seenAt: context.clock.now() }
    records.push({ kind: 'source', source: toStored(this.#stored) })
  }

  #releaseRetired(): void {
    const { context, records } = this.#parts
    this.#retired = this.#retired.filter(source => {
      if (context.settledAll(source) < source.size) return true
      context.close?.(source)
      // The number of the generation must stay known until a newer one is stored.
      if (this.#stored?.id !== source.id || this.unlinkedAt >= 0) records.push({ kind: 'forget', source: source.id })
      return false
    })
  }

  /** Stores what has changed. */
  #store(): void {
    const stored = this.#stored
    const { source } = this
    if (stored === undefined || source === undefined || source.lostReason !== undefined) return
    const mayGrow = stored.headLength < headBytes && source.size > stored.headLength
    if (stored.size === source.size && stored.path === this.path && !mayGrow) return
    const head = mayGrow ? this.#readHead(source) : {}
    this.#stored = { ...stored, ...head, size: source.size, path: this.path, seenAt: this.#parts.context.clock.now() }
    this.#parts.records.push({ kind: 'source', source: toStored(this.#stored) })
  }

  #readHead(source: FileSource): { headLength?: number; head?: string } {
    try {
      const bytes = Buffer.allocUnsafe(Math.min(headBytes, source.size))
      const got = this.handle.read([bytes], 0)
      const known = this.#stored!
      if (got < known.headLength || hashOf(bytes.subarray(0, known.headLength)) !== known.head) return {}
      return { headLength: got, head: hashOf(bytes.subarray(0, got)) }
    } catch {
      return {}
    }
  }

  #open(stored: StoredFile, how: { wasKnown: boolean }): void {
    const { context } = this.#parts
    // A generation, too, has to be durable before its first row is sent.
    const barrier = context.link.append([{ kind: 'source', source: toStored(stored) }])
    this.#stored = stored
    this.source = this.#make(stored, { ...how, barrier })
    context.open(this.source)
  }

  #make(stored: StoredFile, how: { wasKnown: boolean; barrier: number }): FileSource {
    const { input, context, resume, report } = this.#parts
    return new FileSource({
      id: stored.id,
      input: input.name,
      resource: resourceOf(input, context.hostName, stored.name, this.#names),
      dataset: input.dataset,
      service: serviceOf(input, this.#names),
      path: stored.name,
      startAt: stored.startAt,
      size: stored.size,
      wasKnown: how.wasKnown,
      barrier: how.barrier,
      handle: this.handle,
      link: context.link,
      cuts: resume.cuts(stored.id),
      parser: resume.parser(stored.id),
      truncated: source => this.truncate(source, context.clock.monotonic()),
      failed: (_source, reason) => report(reason, this.path)
    })
  }
}
