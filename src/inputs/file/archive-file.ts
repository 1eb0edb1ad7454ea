import type { SourceId } from '../../core/source.ts'
import type { Archive } from './archive.ts'
import type { Opened } from './content.ts'
import { doubtMs } from './copies.ts'
import type { KnownParts } from './context.ts'
import type { Candidate } from './discover.ts'
import type { FileStat } from './disk.ts'
import { Handle } from './handle.ts'
import { isHead, readHead } from './head.ts'
import { headBytes, type Inode, inodeOf } from './identity.ts'
import { packedOf } from './shelf.ts'
import { Retired } from './retired.ts'
import { FileSource, type SourceOwner } from './source.ts'
import { sourceParts } from './source-parts.ts'
import { newStored, type StoredFile, toStored } from './stored.ts'

/** Who writes an archive may pause so long, ms. */
const quietMs = 2000

/** A compressed file that the patterns lead to: read once from its beginning to its end, or on from where it had ended if it grew. */
export class ArchiveFile implements SourceOwner {
  readonly key: string
  readonly name: string
  readonly handle: Handle
  source: FileSource | undefined
  stat: FileStat
  /** Monotonic ms when it was first seen as it is now. */
  changedAt: number
  stored: StoredFile | undefined
  readonly names: readonly string[]
  readonly unlinkedAt = -1
  readonly #parts: KnownParts
  #archive: Archive | undefined
  /** What it held before it was written anew. */
  readonly #retired: Retired

  constructor({ path, names, key, stat }: Candidate, parts: KnownParts) {
    this.key = key
    this.name = path
    this.names = names
    this.stat = stat
    this.handle = new Handle(path, inodeOf(stat), { disk: parts.disk, allowed: parts.allowed })
    this.#parts = parts
    const lost = { content: this.handle, wasKnown: true, barrier: 0 }
    this.#retired = new Retired(parts, stored => this.#newSource(stored, lost))
    const { clock } = parts.context
    const ageMs = Math.max(0, clock.now() - Number(stat.mtimeMs))
    this.changedAt = clock.monotonic() - ageMs
    this.stored = parts.resume.take(inodeOf(stat), path).at(-1)
  }

  get inode(): Inode {
    return inodeOf(this.stat)
  }

  get path(): string {
    return this.handle.path
  }

  /** Under which the state knows it. */
  get id(): SourceId | undefined {
    return this.stored?.id
  }

  /** There is something to read or to account for. */
  get isOpen(): boolean {
    return this.source !== undefined || !this.#retired.isEmpty
  }

  /** It may still be written. */
  isGrowing(now: number): boolean {
    return now - this.changedAt < quietMs
  }

  /** All that it holds is read, and settled. */
  get isDone(): boolean {
    return this.stored?.isEnded === true && this.stored.packed === packedOf(this.stat)
  }

  /** It is not what is stored of it any more. */
  isOver(stat: FileStat): boolean {
    return this.stored?.packed !== packedOf(stat)
  }

  /** It was written to since it was observed. */
  hasChanged(stat: FileStat): boolean {
    return packedOf(stat) !== packedOf(this.stat)
  }

  observe({ path, stat }: Candidate, now: number): void {
    this.handle.path = path
    if (this.hasChanged(stat)) this.changedAt = now
    this.stat = stat
  }

  /** The first bytes that it holds. Throws the system's errors, and `NotYetError`. */
  head(now: number): Buffer {
    const archive = this.#archive ?? this.#parts.shelf.open(this.handle, this.stat, now)
    if (archive !== undefined) return readHead(archive, headBytes)
    this.handle.close()
    throw Object.assign(new Error('No archive'), { code: 'not_compressed' })
  }

  /** Begins to read, or goes on. Throws as `head` does. */
  open(now: number): void {
    const { context, shelf } = this.#parts
    const head = this.head(now)
    const archive = shelf.open(this.handle, this.stat, now)!
    if (head.length === 0 && !this.#isDamaged(archive, now)) return
    const before = this.stored
    const known = before !== undefined && isHead(before, archive) ? before : undefined
    const fresh = this.#newStored(head, { name: this.name, generation: (before?.generation ?? -1) + 1 })
    const stored = known === undefined ? fresh : { ...fresh, ...goingOn(known) }
    const barrier = context.link.append([{ kind: 'source', source: toStored(stored) }])
    if (known === undefined && before !== undefined) this.#lose(before)
    shelf.take(archive)
    this.#archive = archive
    this.source = this.#newSource(stored, { content: archive, wasKnown: known !== undefined, barrier })
    this.source.ended = true
    this.stored = stored
    context.open(this.source)
  }

  /** Nothing of it can be decompressed, ever. One that is only cut short may still be written, as the copy of another file: it is
   * complained about once that would take unusually long. Throws as `head` does. */
  #isDamaged({ broken, rest }: Archive, now: number): boolean {
    if (broken === undefined || rest > 0) return broken !== undefined
    if (now - this.changedAt < doubtMs) return false
    throw Object.assign(new Error('Cut short'), { code: `archive ${broken}` })
  }

  /** Its content is that of another source. Throws as `head` does. */
  leaveOut(origin: StoredFile, now: number): void {
    const stored = this.#newStored(this.head(now), { name: origin.name, generation: 0 })
    this.#put({ ...stored, isEnded: true, copyOf: origin.id })
  }

  /** Once a scan: lets go of what is read and settled. */
  settle(): void {
    this.#retired.release(undefined)
    const { source } = this
    const { context } = this.#parts
    if (source === undefined || this.stored === undefined) return
    const settled = context.settledAll(source)
    if (settled < source.size || (settled < Infinity && !source.isRead)) {
      if (source.size > this.stored.size) this.#put({ ...this.stored, size: source.size })
      return context.wake(source)
    }
    context.close?.(source)
    this.#letGo()
    this.#put({ ...this.stored, size: source.size, isEnded: true, seenAt: context.clock.now() })
  }

  touch(): void {
    if (this.stored !== undefined) this.#put({ ...this.stored, seenAt: this.#parts.context.clock.now() })
  }

  close(): void {
    this.#letGo()
    this.#retired.close()
  }

  #letGo(): void {
    this.source = undefined
    this.#archive?.close()
    this.#archive = undefined
    this.handle.close()
  }

  /** As it is now. */
  #newStored(head: Buffer, of: Pick<StoredFile, 'name' | 'generation'>): StoredFile {
    const { context, input } = this.#parts
    const stored = newStored({
      ...of,
      hostId: context.hostId,
      inode: inodeOf(this.stat),
      head,
      input: input.name,
      path: this.handle.path,
      size: 0,
      startAt: 0,
      seenAt: context.clock.now()
    })
    return { ...stored, packed: packedOf(this.stat) }
  }

  #put(stored: StoredFile): void {
    this.stored = stored
    this.#parts.records.push({ kind: 'source', source: toStored(stored) })
  }

  /** Who wrote it anew is met at the next scan. */
  truncated(): void {}

  failed(_source: FileSource, reason: string): void {
    this.#parts.report(reason, this.handle.path)
  }

  woken(source: FileSource): void {
    this.#parts.context.wake(source)
  }

  /** It was written anew. */
  #lose(before: StoredFile): void {
    const { records, resume } = this.#parts
    const nothing = (): void => void records.push({ kind: 'forget', source: before.id })
    this.#retired.addStored(before, (...copy) => resume.standsIn(before, ...copy), { reason: 'truncated_gap', nothing })
  }

  #newSource(stored: StoredFile, how: { content: Opened; wasKnown: boolean; barrier: number }): FileSource {
    return new FileSource({ ...sourceParts(this, this.#parts, stored), ...how, owner: this })
  }
}

/** What stays of one that is read on. If it has grown, what is new begins where it had ended. */
function goingOn({ id, name, generation, size, startAt, isEnded }: StoredFile): Partial<StoredFile> {
  return { id, name, generation, size, startAt: isEnded ? size : startAt }
}
