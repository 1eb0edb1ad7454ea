import { doubtMs } from './copies.ts'
import { NotYetError } from './content.ts'
import type { KnownParts } from './context.ts'
import { ArchiveFile } from './archive-file.ts'
import type { DeletedFiles } from './deleted-files.ts'
import type { Candidate } from './discover.ts'
import { type FileStat, reasonOf } from './disk.ts'
import { inodeOf, keyOf } from './identity.ts'
import type { Roster } from './roster.ts'
import type { StoredFile } from './stored.ts'

/** Read at a time: each takes memory. */
const mostOpen = 2

/** The compressed files of one input. Those that hold what is known already are left alone; the others are read where the input says so. */
export class ArchiveFiles {
  /** How many are not read, because the input does not say so. */
  unread = 0
  /** How many have nothing in them yet. */
  empty = 0
  readonly #parts: KnownParts
  readonly #roster: Roster
  readonly #deleted: DeletedFiles
  readonly #byKey = new Map<string, ArchiveFile>()

  constructor(parts: KnownParts, roster: Roster, deleted: DeletedFiles) {
    this.#parts = parts
    this.#roster = roster
    this.#deleted = deleted
  }

  get(stat: FileStat): ArchiveFile | undefined {
    return this.#byKey.get(keyOf(inodeOf(stat)))
  }

  /** How many are read now. */
  get open(): number {
    let open = 0
    for (const file of this.#byKey.values()) if (file.source !== undefined) open++
    return open
  }

  /** Its content is that of another source. Throws the system's errors, and `NotYetError`. */
  leaveOut(candidate: Candidate, origin: StoredFile, now: number): void {
    this.#meet(candidate, now)?.leaveOut(origin, now)
  }

  /** One that no pattern finds any more, and an earlier run was reading. */
  add(candidate: Candidate, now: number): void {
    this.#meet(candidate, now)
  }

  /** Takes note of those that there are now. */
  meet(candidates: readonly Candidate[], now: number): void {
    const seen = new Set(candidates.map(candidate => this.#meet(candidate, now)))
    for (const file of this.#byKey.values()) {
      file.settle()
      if (seen.has(file) || file.isOpen) continue
      this.#byKey.delete(file.key)
      this.#parts.context.claims?.release(file.key, this.#parts.input.name)
      this.#deleted.add(file)
    }
  }

  /** Reads those that are to be read. Known files come first: what became of them tells which ones are copies. */
  read(now: number): void {
    this.unread = 0
    this.empty = 0
    for (const file of this.#byKey.values()) if (file.source === undefined && !file.isDone) this.#consider(file, now)
  }

  touch(): void {
    for (const file of this.#byKey.values()) file.touch()
  }

  close(): void {
    for (const file of this.#byKey.values()) file.close()
  }

  #meet(candidate: Candidate, now: number): ArchiveFile | undefined {
    const { context, input, report } = this.#parts
    const { key } = candidate
    const known = this.#byKey.get(key)
    known?.observe(candidate, now)
    if (known !== undefined) return known
    const owner = context.claims?.claim(key, input.name)
    if (owner !== undefined) {
      report(`followed by input "${owner}" already`, candidate.path)
      return undefined
    }
    const file = new ArchiveFile(candidate, this.#parts)
    this.#byKey.set(key, file)
    return file
  }

  #consider(file: ArchiveFile, now: number): void {
    const { input, copies, report } = this.#parts
    if (file.stat.size === 0n && file.stored === undefined) {
      this.empty++
      return
    }
    if (input.compression === 'none') {
      this.unread++
      return
    }
    if (file.isGrowing(now) || this.open >= mostOpen || copies.isSought(file.key, now)) return
    try {
      if (file.stored === undefined && this.#isDoubtful(file, now)) return
      if (!file.isDone) file.open(now)
    } catch (error) {
      if (!(error instanceof NotYetError)) report(reasonOf(error), file.handle.path)
    }
  }

  /** Whether it begins as a known file does, which it may be a copy of. Throws the system's errors, and `NotYetError`. */
  #isDoubtful(file: ArchiveFile, now: number): boolean {
    const isOld = now - file.changedAt >= doubtMs
    const head = file.head(now)
    for (const origin of this.#roster.before(file.handle.path)) {
      // It may be gone just now. Then this is its copy, and is told so.
      origin.look(now)
      if (origin.isUndecided || (!isOld && origin.begins(head))) return true
    }
    return false
  }
}
