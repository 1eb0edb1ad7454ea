import { dirname } from 'node:path'
import type { StateRecord } from '../../core/record.ts'
import { Discovery } from './discover.ts'
import { type Disk, reasonOf, systemDisk } from './disk.ts'
import { Handles } from './handles.ts'
import type { FollowContext, FollowInput } from './context.ts'
import type { KnownFile } from './known.ts'
import { KnownFiles } from './known-files.ts'
import { type Note, notesOf } from './notes.ts'
import { Problems } from './problems.ts'
import { Resume } from './resume.ts'
import { ScanTimer } from './scan-timer.ts'
import { Shelf } from './shelf.ts'
import { Wakes } from './wakes.ts'

export type { FollowContext, FollowInput } from './context.ts'

const pollMs = 50
/** One that grew for the first time is looked at once more: whether it grows on shows as well then, and the thread wakes less often. */
const firstPollMs = 100
/** A folder with more files is not watched. */
const mostWatchedFiles = 200
/** The state forgets sources that nobody has written about for seven days. */
const touchMs = 86_400_000

/** Follows the files of one input: decides when they are looked at, by scans, events and polls, stores what that brings to light, and
 * bounds what it costs. Which files they are is up to KnownFiles, what is read of one to KnownFile. */
export class Follower {
  readonly #input: FollowInput
  readonly #context: FollowContext
  readonly #handles: Handles
  readonly #disk: Disk
  readonly #discovery: Discovery
  readonly #wakes: Wakes
  readonly #records: StateRecord[] = []
  readonly #problems: Problems
  #files!: KnownFiles
  readonly #shelf = new Shelf(() => this.#timer.hurry())
  readonly #timer: ScanTimer
  #touchedAt = 0
  #isStopped = false
  /** What to look at between scans. */
  readonly #warm = new Set<KnownFile>()
  #stopPoll: (() => void) | undefined

  constructor(input: FollowInput, context: FollowContext) {
    this.#input = input
    this.#context = context
    this.#handles = new Handles(input.maxOpenFiles)
    this.#disk = this.#handles.sparing(context.disk ?? systemDisk)
    this.#problems = new Problems(input.name, context)
    this.#discovery = new Discovery(input, this.#disk, this.#problems.report)
    this.#timer = new ScanTimer(() => this.scan(), input.scanMs, context.clock)
    this.#wakes = new Wakes((path, isRenamed) => this.#poke(path, isRenamed), context)
  }

  get name(): string {
    return this.#input.name
  }

  /** Paths of the files that are followed now. */
  get paths(): string[] {
    return [...this.#files].filter(file => file.source !== undefined).map(file => file.path)
  }

  /** What can not be read now and why. */
  get problems(): ReturnType<Problems['list']> {
    return this.#problems.list()
  }

  /** What is not read now for other reasons. */
  get notes(): Note[] {
    const isUnknown = (path: string): boolean => this.#problems.has(path) || this.#discovery.isUnknown(path)
    const { excluded } = this.#discovery
    const files = [...this.#files].filter(file => file.unlinkedAt < 0)
    return notesOf({
      input: this.#input,
      files,
      excluded,
      unread: this.#files.archives.unread,
      empty: this.#files.archives.empty,
      isUnknown,
      now: this.#context.clock.now()
    })
  }

  start(): Promise<void> {
    const context = this.#context
    const input = this.#input
    const { link, clock, stored } = context
    this.#files = new KnownFiles(this.#discovery, {
      input,
      context,
      disk: this.#disk,
      allowed: this.#discovery.roots,
      resume: new Resume(input.name, stored, { link, now: clock.now() }),
      report: this.#problems.report,
      records: this.#records,
      shelf: this.#shelf,
      handles: this.#handles
    })
    this.scan()
    return Promise.resolve()
  }

  /** Looks at all files once. It runs by itself; tests call it too. */
  scan(): void {
    if (this.#isStopped) return
    const { clock } = this.#context
    const began = clock.monotonic()
    const beganCpu = clock.cpu()
    this.#problems.clear()
    const isSteady = this.#files.scan(began)
    if (began - this.#touchedAt > touchMs) {
      this.#touchedAt = began
      for (const file of this.#files) file.touch()
      this.#files.archives.touch()
    }
    this.#flush()
    this.#context.scanned?.()
    this.#afterScan()
    this.#timer.scanned({ cpuMs: clock.cpu() - beganCpu, wallMs: clock.monotonic() - began }, isSteady)
  }

  /** Looks a last time: what is not settled of files without a name would be lost when they are closed. See `Holds.finish`. */
  hold(): void {
    this.scan()
    for (const file of this.#files) file.hold()
  }

  /** Looks at nothing any more. What is open stays so, until `stop`. */
  rest(): void {
    this.#isStopped = true
    this.#timer.stop()
    this.#stopPoll?.()
  }

  stop(): void {
    this.rest()
    const now = this.#context.clock.monotonic()
    for (const file of this.#files) file.age(now)
    this.#flush()
    this.#wakes.close()
    for (const file of this.#files) file.close()
    this.#files.archives.close()
    this.#shelf.close()
  }

  /** Something happened at this path, or below it. */
  #poke(path: string, isRenamed: boolean): void {
    if (this.#isStopped) return
    const now = this.#context.clock.monotonic()
    const file = this.#files.at(path)
    // Another file may be there now, also under a name that is known.
    if (isRenamed) this.#timer.hurry()
    // A file that we do not follow has changed: that is no news.
    if (file === undefined) return
    this.#look(file, now)
    if (!isRenamed) file.heat.leaveToEvents()
    if (file.heat.isWarm(now)) this.#warmed(file)
    // The next scan would wake the thread once more, which costs more than the scan.
    if (!isRenamed && this.#timer.isHalfway) this.scan()
  }

  /** One look at a file between scans. */
  #look(file: KnownFile, now: number): void {
    try {
      file.look(now)
    } catch (error) {
      this.#problems.report(reasonOf(error), file.path)
    }
  }

  #warmed(file: KnownFile): void {
    this.#warm.add(file)
    this.#stopPoll ??= this.#context.clock.after(file.heat.isHot ? pollMs : firstPollMs, () => this.#poll())
  }

  #poll(): void {
    this.#stopPoll = undefined
    if (this.#isStopped) return
    const now = this.#context.clock.monotonic()
    const files = [...this.#warm].filter(file => file.heat.isWarm(now))
    this.#warm.clear()
    for (const file of files) {
      this.#look(file, now)
      if (file.heat.isWarm(now + pollMs)) this.#warmed(file)
    }
    this.#flush()
  }

  #afterScan(): void {
    const now = this.#context.clock.monotonic()
    const folders = new Map<string, number>()
    const busy = new Set<string>()
    // Files that are followed no more are among them.
    this.#warm.clear()
    let sources = this.#files.archives.open
    let folder = ''
    for (const file of this.#files) {
      if (file.source !== undefined) sources++
      if (file.unlinkedAt >= 0) continue
      // Nearly all are in the folder of the one before.
      if (!isDirectlyIn(folder, file.path)) folder = dirname(file.path)
      folders.set(folder, (folders.get(folder) ?? 0) + 1)
      if (!file.heat.isWarm(now)) continue
      this.#warmed(file)
      if (file.heat.isHot) busy.add(folder)
    }
    const quiet = [...folders].filter(([folder, files]) => files <= mostWatchedFiles && !busy.has(folder))
    this.#wakes.watch(new Set(quiet.map(([folder]) => folder)))
    this.#context.meter.of('collector_input_sources', this.#input.name).value = sources
  }

  #flush(): void {
    if (this.#records.length === 0) return
    const records = this.#records.splice(0)
    this.#context.link.append(records)
    for (const record of records) if (record.kind === 'forget') this.#context.forget?.(record.source)
  }
}

function isDirectlyIn(folder: string, path: string): boolean {
  return path.lastIndexOf('/') === folder.length && path.startsWith(folder)
}
