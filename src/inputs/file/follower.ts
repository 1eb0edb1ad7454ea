import { dirname } from 'node:path'
import type { StateRecord } from '../../core/record.ts'
import type { Position } from '../../core/source.ts'
import { type Candidate, Discovery } from './discover.ts'
import { type Disk, type FileStat, reasonOf, systemDisk } from './disk.ts'
import { inodeOf, keyOf } from './identity.ts'
import type { FollowContext, FollowInput, KnownParts } from './context.ts'
import { KnownFile } from './known.ts'
import { type Note, notesOf } from './notes.ts'
import { Problems } from './problems.ts'
import { Resume } from './resume.ts'
import { Seeker } from './seek.ts'
import type { StoredFile } from './stored.ts'
import { linesBeforeEnd } from './start.ts'
import { Wakes } from './wakes.ts'

export type { FollowContext, FollowInput } from './context.ts'

const pollMs = 50
/** At most a twentieth of the time goes into scans. */
const scanShare = 20
/** What is gone, settled and not seen for so long is forgotten. */
const forgetAfterMs = 24 * 60 * 60 * 1000
/** A folder with more files is not watched. */
const mostWatchedFiles = 200
/** With more handles than these, those of files at rest are closed at once. */
const mostOpen = 512
/** The state forgets sources that nobody has written about for seven days. */
const touchMs = 86_400_000

/** Follows the files of one input: finds them, knows them again over rotation, truncation and restarts, and wakes their lanes. */
export class Follower {
  readonly #input: FollowInput
  readonly #context: FollowContext
  readonly #disk: Disk
  readonly #discovery: Discovery
  readonly #seeker: Seeker
  readonly #wakes: Wakes
  readonly #files = new Map<string, KnownFile>()
  /** The same files by path, as the last scan left them. */
  #byPath: Map<string, KnownFile> | undefined
  readonly #records: StateRecord[] = []
  readonly #problems: Problems
  #resume!: Resume
  #parts!: KnownParts
  #isFirstScan = true
  #touchedAt = 0
  /** From then on a scan may come along with something else. */
  #mayScanAt = 0
  #isStopped = false
  #stopScan: (() => void) | undefined
  #stopPoll: (() => void) | undefined

  constructor(input: FollowInput, context: FollowContext) {
    this.#input = input
    this.#context = context
    this.#disk = context.disk ?? systemDisk
    this.#problems = new Problems(input.name, context)
    const { report } = this.#problems
    this.#discovery = new Discovery(input, this.#disk, report)
    this.#seeker = new Seeker(this.#discovery, this.#disk, report)
    this.#wakes = new Wakes((path, isRenamed) => this.#poke(path, isRenamed), context.log)
  }

  get name(): string {
    return this.#input.name
  }

  /** Paths of the files that are followed now. */
  get paths(): string[] {
    return [...this.#files.values()].filter(file => file.source !== undefined).map(file => file.path)
  }

  /** What can not be read now and why. */
  get problems(): ReturnType<Problems['list']> {
    return this.#problems.list()
  }

  /** What is not read now for other reasons. */
  get notes(): Note[] {
    const isUnknown = (path: string): boolean => this.#problems.has(path) || this.#discovery.isUnknown(path)
    const { excluded } = this.#discovery
    const files = [...this.#files.values()].filter(file => file.unlinkedAt < 0)
    return notesOf({ input: this.#input, files, excluded, isUnknown, now: this.#context.clock.now() })
  }

  start(): Promise<void> {
    const context = this.#context
    const input = this.#input
    const { link, clock, stored } = context
    this.#resume = new Resume(input.name, stored, { link, now: clock.now() })
    this.#parts = {
      input,
      context,
      disk: this.#disk,
      allowed: this.#discovery,
      resume: this.#resume,
      report: this.#problems.report,
      records: this.#records
    }
    this.scan()
    return Promise.resolve()
  }

  /** Looks at all files once. It runs by itself; tests call it too. */
  scan(): void {
    if (this.#isStopped) return
    this.#stopScan?.()
    const { clock } = this.#context
    const began = clock.monotonic()
    this.#seeker.clear()
    this.#problems.clear()
    this.#byPath = undefined
    const seen = new Set<string>()
    for (const candidate of this.#merged()) {
      const key = keyOf(inodeOf(candidate.stat))
      seen.add(key)
      const file = this.#files.get(key)
      if (file === undefined) this.#meet(candidate, began)
      else this.#meetAgain(file, candidate, began)
    }
    for (const file of this.#files.values()) if (!seen.has(file.key)) this.#seeker.seek(file, began)
    this.#seekStored(began)
    for (const file of this.#files.values()) {
      file.age(began)
      if (!file.isDone) continue
      this.#files.delete(file.key)
      this.#context.claims?.release(file.key, this.#input.name)
    }
    this.#isFirstScan = false
    if (began - this.#touchedAt > touchMs) {
      this.#touchedAt = began
      for (const file of this.#files.values()) file.touch()
    }
    this.#flush()
    this.#context.scanned?.()
    this.#afterScan(clock.monotonic() - began)
  }

  stop(): void {
    this.#isStopped = true
    this.#stopScan?.()
    this.#stopPoll?.()
    const now = this.#context.clock.monotonic()
    for (const file of this.#files.values()) file.age(now)
    this.#flush()
    this.#wakes.close()
    for (const file of this.#files.values()) file.handle.close()
  }

  /** Hard links and overlapping patterns lead to one file, which has all those names. */
  #merged(): Iterable<Candidate> {
    const files = new Map<string, Candidate>()
    for (const candidate of this.#discovery.scan()) {
      const key = keyOf(inodeOf(candidate.stat))
      const known = files.get(key)
      const names = known === undefined ? candidate.names : [...known.names, ...candidate.names]
      files.set(key, { ...candidate, path: known?.path ?? candidate.path, names })
    }
    return files.values()
  }

  #meet(candidate: Candidate, now: number): void {
    const { path, names, stat } = candidate
    const owner = this.#context.claims?.claim(keyOf(inodeOf(stat)), this.#input.name)
    if (owner !== undefined) return this.#problems.report(`followed by input "${owner}" already`, path)
    const file = new KnownFile(path, names, inodeOf(stat), this.#parts)
    const stored = this.#resume.take(inodeOf(stat), path)
    try {
      if (stored.length > 0) file.adopt(stored, stat)
      else if (this.#isFirstScan && this.#resume.isOld(stat)) file.startFrom(this.#startOf(file, stat))
    } catch (error) {
      // Not met yet: at the next scan it is looked at again.
      this.#resume.putBack(stored)
      this.#problems.report(reasonOf(error), path)
      return
    }
    this.#files.set(file.key, file)
    this.#setAway(file, [path, ...names], now)
    file.observe(stat, now)
  }

  #startOf(file: KnownFile, stat: FileStat): Position {
    const { readFrom, ignoreOlderMs } = this.#input
    const size = Number(stat.size)
    const ageMs = this.#context.clock.now() - Number(stat.mtimeMs)
    if (ignoreOlderMs > 0 && ageMs > ignoreOlderMs) return size
    if (readFrom === 'beginning') return 0
    return linesBeforeEnd(file.handle, size, readFrom === 'end' ? 0 : readFrom)
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
    for (const file of Array.from(this.#resume.missing)) {
      const folder = dirname(file.path)
      // What the configuration does not name any more was not renamed: nobody wants it.
      if (!this.#discovery.isNamed(file.name)) continue
      if (!this.#resume.missing.has(file) || this.#discovery.isUnknown(file.path)) continue
      if (!this.#isFirstScan && this.#mayRest(file)) continue
      const found = this.#seeker.sibling(folder, stat => {
        const inode = inodeOf(stat)
        return inode.ino === file.ino && inode.dev === file.dev && inode.birth === file.birth
      })
      if (found !== undefined) this.#meet({ ...found, names: [found.path] }, now)
      else if (!this.#discovery.isUnknown(folder)) this.#loseStored(file)
    }
  }

  #loseStored(file: StoredFile): void {
    if (this.#mayRest(file)) return
    this.#resume.drop(file)
    const gone = this.#files.get(keyOf(file)) ?? new KnownFile(file.path, [file.name], file, this.#parts)
    gone.loseStored(file)
    this.#files.set(gone.key, gone)
  }

  /** A file system that is not mounted looks like deleted files: what was settled stays known for a while. */
  #mayRest(file: StoredFile): boolean {
    const isYoung = this.#context.clock.now() - file.seenAt < forgetAfterMs
    return isYoung && this.#resume.settled(file) >= file.size
  }

  /** Something happened at this path, or below it. */
  #poke(path: string, isRenamed: boolean): void {
    if (this.#isStopped) return
    const now = this.#context.clock.monotonic()
    this.#byPath ??= new Map(Array.from(this.#files.values(), file => [file.path, file]))
    const file = this.#byPath.get(path)
    if (file === undefined) {
      // A file that we do not follow has changed: that is no news.
      if (isRenamed) this.#scanIn(pollMs)
      return
    }
    this.#look(file, now)
    file.heat.trust()
    if (file.heat.isWarm(now)) this.#pollSoon()
    // The next scan would wake the thread once more, which costs more than the scan.
    if (now >= this.#mayScanAt) this.scan()
  }

  /** One look at a file between scans. */
  #look(file: KnownFile, now: number): void {
    try {
      const stat = file.handle.isOpen ? file.handle.stat() : this.#disk.lstat(file.path)
      if (stat !== undefined && keyOf(inodeOf(stat)) === file.key) file.observe(stat, now)
    } catch (error) {
      this.#problems.report(reasonOf(error), file.path)
    }
  }

  #pollSoon(): void {
    this.#stopPoll ??= this.#context.clock.after(pollMs, () => this.#poll())
  }

  #poll(): void {
    this.#stopPoll = undefined
    if (this.#isStopped) return
    const now = this.#context.clock.monotonic()
    let isAnyHot = false
    for (const file of this.#files.values()) {
      if (!file.heat.isWarm(now)) continue
      isAnyHot = true
      this.#look(file, now)
    }
    this.#flush()
    if (isAnyHot) this.#pollSoon()
  }

  #scanIn(ms: number): void {
    this.#stopScan?.()
    this.#stopScan = this.#context.clock.after(ms, () => this.scan())
  }

  #afterScan(tookMs: number): void {
    const now = this.#context.clock.monotonic()
    const folders = new Map<string, number>()
    const busy = new Set<string>()
    let isAnyHot = false
    let open = 0
    for (const file of this.#files.values()) {
      if (file.unlinkedAt >= 0) continue
      const folder = dirname(file.path)
      folders.set(folder, (folders.get(folder) ?? 0) + 1)
      if (file.handle.isOpen) open++
      if (!file.heat.isWarm(now)) continue
      isAnyHot = true
      if (file.heat.isHot) busy.add(folder)
    }
    this.#restSome(open - mostOpen, now)
    const quiet = [...folders].filter(([folder, files]) => files <= mostWatchedFiles && !busy.has(folder))
    this.#wakes.watch(new Set(quiet.map(([folder]) => folder)))
    this.#context.meter.of('collector_input_sources', this.#input.name).value = this.paths.length
    if (isAnyHot) this.#pollSoon()
    const { scanMs } = this.#input
    this.#mayScanAt = now + Math.max(scanMs / 2, tookMs * scanShare)
    this.#scanIn(Math.max(scanMs, tookMs * scanShare))
  }

  /** Closes so many handles of files at rest, first of those that may be deleted without harm. */
  #restSome(count: number, now: number): void {
    let left = count
    for (const isSettled of [true, false]) {
      for (const file of this.#files.values()) {
        if (left <= 0) return
        if (!file.handle.isOpen || file.isSettled !== isSettled) continue
        file.rest(now)
        if (!file.handle.isOpen) left--
      }
    }
  }

  #flush(): void {
    if (this.#records.length === 0) return
    const records = this.#records.splice(0)
    this.#context.link.append(records)
    for (const record of records) if (record.kind === 'forget') this.#context.forget?.(record.source)
  }
}
