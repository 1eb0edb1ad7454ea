import { basename, dirname } from 'node:path'
import type { KnownParts } from './context.ts'
import { archiveFormat } from './archive.ts'
import { ArchiveFiles } from './archive-files.ts'
import { Copies } from './copies.ts'
import { DeletedFiles } from './deleted-files.ts'
import { type Candidate, candidateOf, type Discovery, joined } from './discover.ts'
import { type FileStat, reasonOf } from './disk.ts'
import { Handle } from './handle.ts'
import { inodeOf, keyOf } from './identity.ts'
import { KnownFile } from './known.ts'
import { isPacked } from './rotation-name.ts'
import { Roster } from './roster.ts'
import { Seeker } from './seek.ts'
import { linesBeforeEnd } from './start.ts'
import type { StoredFile } from './stored.ts'

/** What is gone, settled and not seen for so long is forgotten. */
const forgetAfterMs = 24 * 60 * 60 * 1000

/**
 * The files of one input: which there are, and which of those that are known, from before or from earlier runs, each of them is. The
 * follower owns it and decides when to scan; between scans the files are the same, and it looks at each by itself.
 */
export class KnownFiles implements Iterable<KnownFile> {
  readonly #discovery: Discovery
  readonly #parts: KnownParts
  readonly #seeker: Seeker
  readonly #roster: Roster
  readonly archives: ArchiveFiles
  readonly #deleted: DeletedFiles
  #isFirstScan = true
  /** Of what earlier runs followed: their folders were looked at. */
  readonly #sought = new WeakSet<StoredFile>()
  #hasMet = false

  constructor(discovery: Discovery, parts: Omit<KnownParts, 'copies'>) {
    this.#discovery = discovery
    this.#roster = new Roster(parts.input.rotatedTo)
    const copies = new Copies({
      ...parts,
      discovery,
      roster: this.#roster,
      known: stat => this.#known(stat),
      leaveOut: (copy, origin) => this.#leaveOut(copy, origin)
    })
    this.#parts = { ...parts, copies }
    const isBack = (key: string): boolean =>
      this.#roster.get(key) !== undefined || parts.context.claims?.has(key) === true
    this.#deleted = new DeletedFiles(parts, isBack)
    this.archives = new ArchiveFiles(this.#parts, this.#roster, this.#deleted)
    this.#seeker = new Seeker(discovery, parts.disk, parts.report)
  }

  [Symbol.iterator](): Iterator<KnownFile> {
    return this.#roster[Symbol.iterator]()
  }

  /** The file that the last scan found there. */
  at(path: string): KnownFile | undefined {
    return this.#roster.at(path)
  }

  /** Looks at all files once, and forgets those that are done. Returns whether it met no new one: then it took as long as the next
   * one will. */
  scan(now: number): boolean {
    this.#hasMet = false
    this.#seeker.clear()
    this.#roster.move()
    const others = this.#gather()
    const { archives = [], known = [], news = [] } = Object.groupBy(others.values(), one => this.#kindOf(one))
    this.archives.meet(archives, now)
    for (const file of this) if (file.found !== undefined) this.#meetAgain(file, file.found, now)
    for (const candidate of known) this.#meetAny(candidate, now)
    for (const file of this) {
      if (file.found === undefined && !others.has(file.key)) this.#seeker.seek(file, now)
      file.found = undefined
    }
    this.#parts.copies.together(() => this.#seeker.tellGone(now))
    this.#seekStored(now)
    // They come last, and those first whose name others may be made of: what became of a file tells which ones are copies of it.
    for (const candidate of news.toSorted((a, b) => basename(a.path).length - basename(b.path).length))
      this.#meetAny(candidate, now)
    this.#seeker.catchUp(this, now)
    for (const file of this) {
      file.age(now)
      if (!file.isDone) continue
      this.#roster.remove(file)
      this.#parts.context.claims?.release(file.key, this.#parts.input.name)
      this.#deleted.add(file)
    }
    this.archives.read(now)
    this.#parts.shelf.sweep(now)
    this.#isFirstScan = false
    return !this.#hasMet
  }

  /** Looks what there is. Followed files take what was found of them; returns the rest, by key. */
  #gather(): ReadonlyMap<string, Candidate> {
    const others = new Map<string, Candidate>()
    for (const candidate of this.#discovery.scan()) {
      const { key } = candidate
      const file = this.#roster.get(key)
      if (file === undefined) others.set(key, joined(others.get(key), candidate))
      else file.found = joined(file.found, candidate)
    }
    return others
  }

  /** By its name and its first bytes. An archive that can not be looked at now is one, and so is an empty one, as long as it is. */
  #isArchive({ path, stat }: Candidate): boolean {
    if (!isPacked(path)) return false
    const known = this.archives.get(stat)
    if (known !== undefined && (known.stored !== undefined || !known.hasChanged(stat))) return true
    const { disk, allowed, report } = this.#parts
    const handle = new Handle(path, inodeOf(stat), { disk, allowed })
    try {
      return stat.size === 0n || archiveFormat(handle) !== undefined
    } catch (error) {
      report(reasonOf(error), path)
      return true
    } finally {
      handle.close()
    }
  }

  #kindOf(candidate: Candidate): 'archives' | 'known' | 'news' {
    if (this.#isArchive(candidate)) return 'archives'
    return this.#parts.resume.last(inodeOf(candidate.stat)) === undefined ? 'news' : 'known'
  }

  #meetAny(candidate: Candidate, now: number): void {
    const file = this.#roster.get(candidate.key)
    if (file === undefined) this.#meet(candidate, now)
    else this.#meetAgain(file, candidate, now)
  }

  #meet(candidate: Candidate, now: number): void {
    const { path, names, key, stat } = candidate
    const { context, input, resume, report } = this.#parts
    this.#hasMet = true
    const owner = context.claims?.claim(key, input.name)
    if (owner !== undefined) return report(`followed by input "${owner}" already`, path)
    const file = new KnownFile({ path, names, key, inode: inodeOf(stat) }, this.#parts)
    const stored = resume.take(inodeOf(stat), path)
    try {
      if (stored.length > 0) file.adopt(stored, stat)
      else if (this.#isFirstScan && resume.isOld(stat)) this.#begin(file, stat)
    } catch (error) {
      // Not met yet: at the next scan it is looked at again.
      resume.putBack(stored)
      report(reasonOf(error), path)
      return
    }
    this.#roster.add(file)
    this.#setAway(file, candidate, now)
    file.observe(stat, now)
  }

  #known(stat: FileStat): StoredFile | undefined {
    const file = this.#roster.get(keyOf(inodeOf(stat))) ?? this.archives.get(stat)
    if (file === undefined) return this.#parts.resume.last(inodeOf(stat))
    return file.isOver(stat) ? undefined : file.stored
  }

  /** A copy whose content is known. It may have been met already, and waited. Throws the system's errors. */
  #leaveOut({ path, stat, size }: { path: string; stat: FileStat; size: number }, origin: StoredFile): void {
    const { context, input } = this.#parts
    const key = keyOf(inodeOf(stat))
    const now = context.clock.monotonic()
    if (isPacked(path) && this.#roster.get(key) === undefined) {
      return this.archives.leaveOut(candidateOf(path, [path], stat), origin, now)
    }
    if (context.claims?.claim(key, input.name) !== undefined) return
    const inode = inodeOf(stat)
    const file = this.#roster.get(key) ?? new KnownFile({ path, names: [path], key, inode }, this.#parts)
    this.#roster.remove(file)
    try {
      file.leaveOut({ stat, size }, origin, now)
    } finally {
      this.#roster.add(file)
    }
  }

  #begin(file: KnownFile, stat: FileStat): void {
    const { input } = this.#parts
    const { readFrom, ignoreOlderMs } = input
    const size = Number(stat.size)
    const ageMs = this.#parts.context.clock.now() - Number(stat.mtimeMs)
    if (ignoreOlderMs > 0 && ageMs > ignoreOlderMs) return file.startFrom(size)
    if (readFrom === 'beginning') return
    file.startFrom(linesBeforeEnd(file.handle, size, readFrom === 'end' ? 0 : readFrom, input))
    file.beganNearEnd = readFrom !== 'end' && readFrom > 0
  }

  #meetAgain(file: KnownFile, candidate: Candidate, now: number): void {
    const { path, names } = candidate
    if (path !== file.path && !names.includes(file.path)) file.handle.path = path
    this.#setAway(file, candidate, now)
    file.findAgain(names)
    file.observe(candidate.stat, now)
  }

  #setAway(file: KnownFile, { path, names }: Candidate, now: number): void {
    if (path === file.name || names.includes(file.name)) file.awayAt = -1
    else if (file.awayAt < 0) file.awayAt = now
    file.unlinkedAt = -1
  }

  /** What earlier runs followed and no pattern finds: renamed while nobody looked, or gone. */
  #seekStored(now: number): void {
    const { resume } = this.#parts
    for (const file of Array.from(resume.missing)) {
      const folder = dirname(file.path)
      // What the configuration does not name any more was not renamed: nobody wants it.
      if (!this.#discovery.isNamed(file.name)) continue
      if (!resume.missing.has(file) || this.#discovery.isUnknown(file.path)) continue
      if (this.#sought.has(file) && this.#mayRest(file)) continue
      const found = this.#seeker.sibling(folder, keyOf(file))
      if (!this.#discovery.isUnknown(folder)) this.#sought.add(file)
      if (found !== undefined && file.packed !== '')
        this.archives.add(candidateOf(found.path, [found.path], found.stat), now)
      else if (found !== undefined) this.#meet(candidateOf(found.path, [found.path], found.stat), now)
      else if (!this.#discovery.isUnknown(folder)) this.#loseStored(file)
    }
  }

  #loseStored(file: StoredFile): void {
    const { resume, records } = this.#parts
    const key = keyOf(file)
    const { path, name } = file
    const gone = this.#roster.get(key) ?? new KnownFile({ path, names: [name], key, inode: file }, this.#parts)
    resume.drop(file)
    gone.loseStored(file, () => {
      if (this.#mayRest(file)) resume.putBack([file])
      else records.push({ kind: 'forget', source: file.id })
    })
    this.#roster.add(gone)
  }

  /** A file system that is not mounted looks like deleted files: what was settled stays known for a while. */
  #mayRest(file: StoredFile): boolean {
    const isYoung = this.#parts.context.clock.now() - file.seenAt < forgetAfterMs
    return isYoung && this.#parts.resume.settled(file) >= file.size
  }
}
