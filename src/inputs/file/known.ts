import type { Position, SourceId } from '../../core/source.ts'
import type { Content } from './content.ts'
import type { FileFacts, KnownParts } from './context.ts'
import { areAlike } from './copies.ts'
import { awaitsLink } from './container-path.ts'
import type { Candidate } from './discover.ts'
import { type FileStat, reasonOf } from './disk.ts'
import { Generations } from './generations.ts'
import { Handle } from './handle.ts'
import type { Rank } from './handles.ts'
import { readHead } from './head.ts'
import { Heat } from './heat.ts'
import { type Inode, inodeOf, keyOf } from './identity.ts'
import type { FileSource } from './source.ts'
import type { StoredFile } from './stored.ts'

/** A rotated file that exists counts as finished when it was quiet for so long. If it grows after all, it is read on. */
const rotatedWaitMs = 2000
/** The same for a file without a name: nobody will find it again, so its writer gets more time. */
const unlinkedWaitMs = 10_000
/** After so long what was not settled of a file without a name is copied: most outputs have got over a rotation by then. */
const holdAfterMs = 2000
const idleCloseMs = 60_000

/**
 * One file of the disk, over its names and generations: what the follower sees of it, and what time brings about. Times are monotonic
 * ms. The follower keeps it until `isDone`; at each scan it calls `observe` or `vanish`, then `age`.
 */
export class KnownFile implements FileFacts {
  readonly key: string
  readonly inode: Inode
  names: readonly string[]
  readonly handle: Handle
  readonly heat = new Heat()
  name: string
  /** When it was first seen without its name, and without any. -1: not so. */
  awayAt = -1
  unlinkedAt = -1
  isUnlinked = false
  /** `read_from` named a number of lines when it was met. */
  beganNearEnd = false
  /** What a scan has found of it, while that scan is going on. */
  found: Candidate | undefined
  /** Scans that have looked for it, up to two. */
  #scans = 0
  readonly #parts: KnownParts
  readonly #generations: Generations
  #mtimeNs = 0n
  #usedAt = 0

  constructor({ path, names, key, inode }: Omit<Candidate, 'stat'> & { readonly inode: Inode }, parts: KnownParts) {
    this.key = key
    this.inode = inode
    this.names = names
    this.name = names[0] ?? path
    this.handle = new Handle(path, inode, parts)
    this.handle.owner = this
    this.#parts = parts
    this.#generations = new Generations(this, parts)
  }

  get path(): string {
    return this.handle.path
  }

  get source(): FileSource | undefined {
    return this.#generations.source
  }

  /** Under which the state knows it. */
  get id(): SourceId | undefined {
    return this.#generations.stored.value?.id
  }

  get mtimeMs(): number {
    return Number(this.#mtimeNs / 1_000_000n)
  }

  /** Why there is nothing to read now: it has no record yet, options left all of it out, or it was read to its end. */
  get whyIdle(): 'no_line' | 'left_out' | 'read' | undefined {
    if (this.source !== undefined) return undefined
    if (this.stored === undefined) return 'no_line'
    return this.stored.startAt >= this.#generations.size ? 'left_out' : 'read'
  }

  /** Lines far from its end were left out. */
  get isTail(): boolean {
    return this.beganNearEnd && this.source !== undefined && this.source.startAt > 0
  }

  /** Nothing is left to do for it: it has no name, and nobody can read what its writer may still write. */
  get isDone(): boolean {
    return this.unlinkedAt >= 0 && !this.handle.isOpen && this.#generations.areDone
  }

  /** Where a file that no earlier run knew is read from. */
  startFrom(position: Position): void {
    this.#generations.startAt = position
  }

  /** Goes on with what earlier runs stored of it. Throws the system's errors; then nothing has changed. */
  adopt(stored: readonly StoredFile[], stat: FileStat): void {
    this.#generations.adopt(stored, Number(stat.size))
    this.name = stored.at(-1)!.name
  }

  /** Its first `size` bytes are those of another file, which it is a copy of. Throws the system's errors. */
  leaveOut({ stat, size }: { stat: FileStat; size: number }, origin: StoredFile, now: number): void {
    if (this.isOver(stat)) this.#generations.end(now)
    this.name = origin.name
    this.#generations.leaveOut(size, origin)
    this.#mtimeNs = stat.mtimeNs
  }

  /** Whether it begins so. Throws the system's errors. */
  begins(head: Buffer): boolean {
    if (this.stored === undefined || this.unlinkedAt >= 0) return false
    const own = readHead(this.handle, head.length)
    return own.length > 0 && own.equals(head.subarray(0, own.length))
  }

  /** It is not known now whether another file is a copy of it. */
  get isUndecided(): boolean {
    return this.#generations.isUndecided
  }

  /** Whether the first bytes of another file, and those before this size, stand in it too. Throws the system's errors. */
  holds(content: Content, size: number): boolean {
    const isHere = this.stored !== undefined && this.unlinkedAt < 0 && size <= this.#generations.size
    return isHere && areAlike(content, this.handle, size)
  }

  /** What is stored of it. */
  get stored(): StoredFile | undefined {
    return this.#generations.stored.current
  }

  /** What an earlier run knew of it is deleted. `nothing`: all that there was of it is settled. */
  loseStored(stored: StoredFile, nothing: () => void): void {
    this.unlinkedAt = 0
    this.#generations.loseStored(stored, { reason: 'deleted_unread', nothing })
  }

  /** A scan has found it again: under more names, perhaps, as long as nothing is read of it. */
  findAgain(names: readonly string[]): void {
    if (this.source === undefined && this.stored === undefined) this.names = names
    this.#scans = 2
  }

  /** Another name may come, which tells more of it: a scan looks for the one before that of a file that came meanwhile. */
  get awaitsName(): boolean {
    const { pathFields } = this.#parts.input
    return this.#scans < 2 && this.unlinkedAt < 0 && pathFields === 'containers' && awaitsLink(this.names)
  }

  /** Takes note of what the file is like now. */
  observe(stat: FileStat, now: number): void {
    const generations = this.#generations
    const before = generations.size
    if (this.isOver(stat)) generations.end(now)
    const size = Number(stat.size)
    this.#mtimeNs = stat.mtimeNs
    generations.resize(size, now)
    if (size > before) this.#grow(now)
    if (this.source === undefined) generations.tryOpen(now)
    else if (this.source.isFailing) this.#tryAgain(this.source)
    else if (this.source.endsInNuls) this.#parts.context.wake(this.source)
  }

  /** It is opened at once: when its turn comes, it may have another name. */
  #tryAgain(source: FileSource): void {
    try {
      if (this.unlinkedAt < 0) this.handle.open()
    } catch (error) {
      this.#parts.report(reasonOf(error), this.path)
    }
    this.#parts.context.wake(source)
  }

  /** What was read does not stand there any more. */
  isOver(stat: FileStat): boolean {
    const size = Number(stat.size)
    const isTouched = size <= this.#generations.size && stat.mtimeNs !== this.#mtimeNs
    return this.#generations.isOver(size, isTouched)
  }

  /** One look at it, wherever it was last. Throws the system's errors. */
  look(now: number): void {
    const stat = this.handle.isOpen ? this.handle.stat() : this.#parts.disk.lstat(this.path)
    if (stat !== undefined && keyOf(inodeOf(stat)) === this.key) this.observe(stat, now)
  }

  /** Tells the state that the file is still there, so that it is not forgotten however long nothing happens to it. */
  touch(): void {
    this.#generations.stored.touch()
  }

  /** Once a scan, behind `observe`: what time brings about. */
  age(now: number): void {
    if (this.#scans < 2) this.#scans++
    if (this.handle.takeUses() > 0) this.#usedAt = now
    const { source } = this
    const isFinished = source !== undefined && !source.ended && this.#isFinished(now)
    if (isFinished && !(this.handle.isOpen && this.#hasChanged(now))) {
      source.ended = true
      this.#parts.context.wake(source)
    }
    this.#generations.settle()
    // A file without a name and without a record: its writer had time for one.
    const isGivenUp = this.source === undefined && this.unlinkedAt >= 0 && this.#isFinished(now)
    if (isGivenUp && this.handle.isOpen && !this.#hasChanged(now)) this.handle.close()
    if (this.isUnlinked && now - this.unlinkedAt >= holdAfterMs) this.#generations.hold()
    const isIdle = now - this.#usedAt >= idleCloseMs && this.awayAt < 0
    if (isIdle && this.handle.isOpen && this.unlinkedAt < 0 && this.isSettled && !this.#hasChanged(now))
      this.handle.close()
  }

  /** It may have been written to, and deleted, while its folder could not be looked at. */
  #hasChanged(now: number): boolean {
    try {
      const stat = this.handle.stat()
      if (Number(stat.size) === this.#generations.size) return false
      this.observe(stat, now)
    } catch (error) {
      this.#parts.report(reasonOf(error), this.path)
    }
    return true
  }

  /** Nothing of it would be lost if it were deleted while it is closed. */
  get isSettled(): boolean {
    const { source } = this
    return source === undefined || (this.#isRead && this.#parts.context.settledAll(source) >= source.size)
  }

  /** It can be found again by its path alone. */
  mayClose(rank: Rank): boolean {
    if (this.awayAt >= 0 || this.unlinkedAt >= 0) return false
    return rank === 2 || (rank === 1 ? this.#isRead : this.isSettled)
  }

  get #isRead(): boolean {
    return this.source === undefined || this.source.readTo >= this.#generations.size
  }

  /** No name leads to it any more. Throws the system's errors; then nothing has changed. */
  vanish(now: number): void {
    if (this.unlinkedAt < 0 || !this.handle.isOpen) this.#generations.vanish()
    if (this.unlinkedAt < 0) this.unlinkedAt = now
  }

  /** It will be closed soon: what is not settled of it would be lost if it has no name left. */
  hold(): void {
    if (this.isUnlinked) this.#generations.hold()
  }

  close(): void {
    this.handle.close()
    this.#generations.close()
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
}
