import { dirname } from 'node:path'
import type { FollowPlan } from '../../config/define.ts'
import type { Clock } from '../../core/clock.ts'
import { limited, type Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { StateLink, StateRecord, StoredState } from '../../core/record.ts'
import type { Position, Resource } from '../../core/source.ts'
import { type Candidate, Discovery } from './discover.ts'
import { type Disk, type FileStat, reasonOf, systemDisk } from './disk.ts'
import { inodeOf, keyOf } from './identity.ts'
import { KnownFile, type KnownParts } from './known.ts'
import { Resume } from './resume.ts'
import type { FileSource } from './source.ts'
import { linesBeforeEnd } from './start.ts'
import { Wakes } from './wakes.ts'

export type FollowInput = FollowPlan & {
  readonly name: string
  readonly service: string
  readonly dataset: string
  readonly resource: Resource
}

export interface FollowContext {
  readonly hostId: string
  readonly hostName: string
  readonly link: StateLink
  readonly stored: StoredState
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** There is a new source to read. The same id may be opened again after `close`, when a rotated file grew after all; its outputs
   * go on at the cursors they had, or at `startAt`. */
  open(source: FileSource): void
  /** The source has more bytes, or has ended. May be called without need. */
  wake(source: FileSource): void
  /** The lowest position up to which all outputs have settled the source; Infinity if nobody reads it. */
  settledAll(source: FileSource): Position
  /** The source has ended, and all of it is settled or counted as lost: its lanes can go. */
  close?(source: FileSource): void
  /** Tests put faults in. */
  readonly disk?: Disk
}

const pollMs = 50
/** At most a twentieth of the time goes into scans. */
const scanShare = 20
/** What is gone, settled and not seen for so long is forgotten. */
const forgetAfterMs = 24 * 60 * 60 * 1000
/** A folder with more files is not watched. */
const mostWatchedFiles = 200
const reportEveryMs = 60_000

/** Follows the files of one input: finds them, knows them again over rotation, truncation and restarts, and wakes their lanes. */
export class Follower {
  readonly #input: FollowInput
  readonly #context: FollowContext
  readonly #disk: Disk
  readonly #log: Log
  readonly #discovery: Discovery
  readonly #wakes: Wakes
  readonly #files = new Map<string, KnownFile>()
  readonly #records: StateRecord[] = []
  #resume!: Resume
  #parts!: KnownParts
  #isFirstScan = true
  #isStopped = false
  #stopScan: (() => void) | undefined
  #stopPoll: (() => void) | undefined
  /** Listings of folders in which a renamed file is looked for, of this scan. */
  readonly #siblings = new Map<string, Map<string, FileStat> | undefined>()

  constructor(input: FollowInput, context: FollowContext) {
    this.#input = input
    this.#context = context
    this.#disk = context.disk ?? systemDisk
    this.#log = limited(context.log, reportEveryMs, context.clock.monotonic)
    this.#discovery = new Discovery(input, this.#disk, this.#report)
    this.#wakes = new Wakes(path => this.#poke(path), context.log)
  }

  /** Paths of the files that are followed now. */
  get paths(): string[] {
    return [...this.#files.values()].filter(file => file.source !== undefined).map(file => file.path)
  }

  start(): Promise<void> {
    const { context, input } = { context: this.#context, input: this.#input }
    const { link, clock, stored } = context
    this.#resume = new Resume(input.name, stored, { link, now: clock.now() })
    this.#parts = {
      input,
      context,
      disk: this.#disk,
      allowed: this.#discovery,
      resume: this.#resume,
      report: this.#report,
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
    this.#siblings.clear()
    const seen = new Set<string>()
    for (const candidate of this.#merged()) {
      const key = keyOf(inodeOf(candidate.stat))
      seen.add(key)
      const file = this.#files.get(key)
      if (file === undefined) this.#meet(candidate, began)
      else this.#meetAgain(file, candidate, began)
    }
    for (const file of this.#files.values()) if (!seen.has(file.key)) this.#seek(file, began)
    this.#seekStored(began)
    for (const file of this.#files.values()) {
      file.age(began)
      if (file.isDone) this.#files.delete(file.key)
    }
    this.#isFirstScan = false
    this.#flush()
    this.#afterScan(clock.monotonic() - began)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#stopScan?.()
    this.#stopPoll?.()
    await this.#wakes.close()
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
    const file = new KnownFile(path, names, stat, this.#parts)
    const stored = this.#resume.take(inodeOf(stat), path)
    try {
      if (stored.length > 0) file.adopt(stored, stat)
      else if (this.#isFirstScan && this.#resume.isOld(stat)) file.startAt = this.#startOf(file, stat)
    } catch (error) {
      // Not met yet: at the next scan it is looked at again.
      this.#resume.putBack(stored)
      this.#report(reasonOf(error), path)
      return
    }
    this.#files.set(file.key, file)
    this.#setAway(file, [path, ...names], now)
    file.observe(stat, now)
  }

  #startOf(file: KnownFile, stat: FileStat): Position {
    const { readFrom, ignoreOlderMs } = this.#input
    const size = Number(stat.size)
    if (this.#context.clock.now() - Number(stat.mtimeMs) > ignoreOlderMs) return size
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

  /** A file that no pattern finds any more: renamed, deleted, or out of sight for now. */
  #seek(file: KnownFile, now: number): void {
    if (this.#discovery.isUnknown(file.path)) return
    try {
      if (file.handle.isOpen) {
        const stat = file.handle.stat()
        if (stat.nlink === 0n) file.vanish(now)
        else this.#follow(file, now)
        file.observe(stat, now)
        return
      }
      const stat = this.#follow(file, now)
      if (stat !== undefined) file.observe(stat, now)
      else if (!this.#discovery.isUnknown(dirname(file.path))) file.vanish(now)
    } catch (error) {
      this.#report(reasonOf(error), file.path)
    }
  }

  /** Finds the new name of a file that left its place. Throws the system's errors. */
  #follow(file: KnownFile, now: number): FileStat | undefined {
    const here = this.#disk.lstat(file.path)
    if (here !== undefined && keyOf(inodeOf(here)) === file.key) {
      if (file.awayAt < 0 && file.path !== file.name) file.awayAt = now
      return here
    }
    if (file.awayAt < 0) file.awayAt = now
    const found = this.#sibling(dirname(file.path), stat => keyOf(inodeOf(stat)) === file.key)
    if (found === undefined) return undefined
    file.handle.path = found.path
    return found.stat
  }

  #sibling(folder: string, matches: (stat: FileStat) => boolean): { path: string; stat: FileStat } | undefined {
    if (!this.#siblings.has(folder)) this.#siblings.set(folder, this.#discovery.siblings(folder))
    for (const [path, stat] of this.#siblings.get(folder) ?? []) if (matches(stat)) return { path, stat }
    return undefined
  }

  /** What earlier runs followed and no pattern finds: renamed while nobody looked, or gone. */
  #seekStored(now: number): void {
    for (const file of this.#resume.missing) {
      const folder = dirname(file.path)
      if (this.#discovery.isUnknown(file.path)) continue
      const found = this.#sibling(folder, stat => {
        const inode = inodeOf(stat)
        return inode.ino === file.ino && inode.dev === file.dev && inode.birth === file.birth
      })
      if (found !== undefined) this.#meet({ ...found, names: [found.path] }, now)
      else if (!this.#discovery.isUnknown(folder)) this.#loseStored(file)
    }
  }

  #loseStored(file: Resume['missing'][number]): void {
    const isSettled = this.#resume.settled(file) >= file.size
    // A file system that is not mounted looks like a deleted file: what was settled stays known for a while.
    if (isSettled && this.#context.clock.now() - file.seenAt < forgetAfterMs) return
    this.#resume.drop(file)
    const gone = KnownFile.gone(file, this.#parts)
    this.#files.set(gone.key, gone)
  }

  /** Something happened at this path, or below it. */
  #poke(path: string): void {
    if (this.#isStopped) return
    const now = this.#context.clock.monotonic()
    const file = [...this.#files.values()].find(one => one.path === path)
    if (file === undefined) {
      this.#scanIn(pollMs)
      return
    }
    this.#look(file, now)
    if (file.hotUntil > now) this.#pollSoon()
  }

  /** One look at a file between scans. */
  #look(file: KnownFile, now: number): void {
    try {
      const stat = file.handle.isOpen ? file.handle.stat() : this.#disk.lstat(file.path)
      if (stat !== undefined && keyOf(inodeOf(stat)) === file.key) file.observe(stat, now)
    } catch (error) {
      this.#report(reasonOf(error), file.path)
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
      if (file.hotUntil <= now) continue
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
    for (const file of this.#files.values()) {
      if (file.unlinkedAt >= 0) continue
      const folder = dirname(file.path)
      folders.set(folder, (folders.get(folder) ?? 0) + 1)
      if (file.hotUntil <= now) continue
      isAnyHot = true
      if (file.isHot) busy.add(folder)
    }
    const quiet = [...folders].filter(([folder, files]) => files <= mostWatchedFiles && !busy.has(folder))
    this.#wakes.watch(new Set(quiet.map(([folder]) => folder)))
    this.#context.meter.of('collector_input_sources', this.#input.name).value = this.paths.length
    if (isAnyHot) this.#pollSoon()
    this.#scanIn(Math.max(this.#input.scanMs, tookMs * scanShare))
  }

  #flush(): void {
    if (this.#records.length > 0) this.#context.link.append(this.#records.splice(0))
  }

  readonly #report = (reason: string, path: string): void => {
    this.#context.meter.of('collector_input_errors_total', this.#input.name, reason).value++
    this.#log.warn(`Cannot follow "${path}": ${reason}`, { input: this.#input.name })
  }
}
