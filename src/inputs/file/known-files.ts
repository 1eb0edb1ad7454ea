import { basename, dirname } from 'node:path'
import type { KnownParts } from './context.ts'
import { Copies } from './copies.ts'
import type { Candidate, Discovery } from './discover.ts'
import { type FileStat, reasonOf } from './disk.ts'
import { inodeOf, keyOf } from './identity.ts'
import { KnownFile } from './known.ts'
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
  #isFirstScan = true
  #hasMet = false

  constructor(discovery: Discovery, parts: Omit<KnownParts, 'copies'>) {
    this.#discovery = discovery
    this.#roster = new Roster(parts.input.rotatedTo)
    const copies = new Copies({
      ...parts,
      discovery,
      roster: this.#roster,
      known: stat => this.#known(stat),
      leaveOut: (path, stat, origin) => this.#leaveOut(path, stat, origin)
    })
    this.#parts = { ...parts, copies }
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
    const candidates = this.#merged()
    const news: Candidate[] = []
    for (const [key, candidate] of candidates) {
      const file = this.#roster.get(key)
      if (file !== undefined) this.#meetAgain(file, candidate, now)
      else if (this.#parts.resume.last(inodeOf(candidate.stat)) !== undefined) this.#meet(candidate, now)
      else news.push(candidate)
    }
    for (const file of this) if (!candidates.has(file.key)) this.#seeker.seek(file, now)
    this.#seekStored(now)
    // They come last, and those first whose name others may be made of: what became of a file tells which ones are copies of it.
    for (const candidate of news.toSorted((a, b) => basename(a.path).length - basename(b.path).length))
      this.#meetNew(candidate, now)
    for (const file of this) {
      file.age(now)
      if (!file.isDone) continue
      this.#roster.remove(file)
      this.#parts.context.claims?.release(file.key, this.#parts.input.name)
    }
    this.#isFirstScan = false
    return !this.#hasMet
  }

  /** Hard links and overlapping patterns lead to one file, which has all those names. */
  #merged(): ReadonlyMap<string, Candidate> {
    const files = new Map<string, Candidate>()
    for (const candidate of this.#discovery.scan()) {
      const key = keyOf(inodeOf(candidate.stat))
      const known = files.get(key)
      const names = known === undefined ? candidate.names : [...known.names, ...candidate.names]
      files.set(key, { ...candidate, path: known?.path ?? candidate.path, names })
    }
    return files
  }

  /** Meanwhile it may have turned out to be a copy. */
  #meetNew(candidate: Candidate, now: number): void {
    const file = this.#roster.get(keyOf(inodeOf(candidate.stat)))
    if (file === undefined) this.#meet(candidate, now)
    else this.#meetAgain(file, candidate, now)
  }

  #meet(candidate: Candidate, now: number): void {
    const { path, names, stat } = candidate
    const { context, input, resume, report } = this.#parts
    this.#hasMet = true
    const owner = context.claims?.claim(keyOf(inodeOf(stat)), input.name)
    if (owner !== undefined) return report(`followed by input "${owner}" already`, path)
    const file = new KnownFile(path, names, inodeOf(stat), this.#parts)
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
    this.#setAway(file, [path, ...names], now)
    file.observe(stat, now)
  }

  #known(stat: FileStat): StoredFile | undefined {
    const file = this.#roster.get(keyOf(inodeOf(stat)))
    if (file === undefined) return this.#parts.resume.last(inodeOf(stat))
    return file.isOver(stat) ? undefined : file.stored
  }

  /** A copy whose content is known. It may have been met already, and waited. Throws the system's errors. */
  #leaveOut(path: string, stat: FileStat, origin: StoredFile): void {
    const { context, input } = this.#parts
    const key = keyOf(inodeOf(stat))
    if (context.claims?.claim(key, input.name) !== undefined) return
    const file = this.#roster.get(key) ?? new KnownFile(path, [path], inodeOf(stat), this.#parts)
    this.#roster.remove(file)
    try {
      file.leaveOut(stat, origin, context.clock.monotonic())
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
    const paths = [candidate.path, ...candidate.names]
    if (!paths.includes(file.path)) file.handle.path = candidate.path
    this.#setAway(file, paths, now)
    file.observe(candidate.stat, now)
  }

  #setAway(file: KnownFile, paths: readonly string[], now: number): void {
    if (paths.includes(file.name)) file.awayAt = -1
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
      if (!this.#isFirstScan && this.#mayRest(file)) continue
      const found = this.#seeker.sibling(folder, keyOf(file))
      if (found !== undefined) this.#meet({ ...found, names: [found.path] }, now)
      else if (!this.#discovery.isUnknown(folder)) this.#loseStored(file)
    }
  }

  #loseStored(file: StoredFile): void {
    const { resume, records, report } = this.#parts
    const gone = this.#roster.get(keyOf(file)) ?? new KnownFile(file.path, [file.name], file, this.#parts)
    try {
      if (gone.loseStored(file)) this.#roster.add(gone)
      else if (this.#mayRest(file)) return
      else records.push({ kind: 'forget', source: file.id })
      resume.drop(file)
    } catch (error) {
      report(reasonOf(error), file.path)
    }
  }

  /** A file system that is not mounted looks like deleted files: what was settled stays known for a while. */
  #mayRest(file: StoredFile): boolean {
    const isYoung = this.#parts.context.clock.now() - file.seenAt < forgetAfterMs
    return isYoung && this.#parts.resume.settled(file) >= file.size
  }
}
