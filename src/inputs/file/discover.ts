import { dirname } from 'node:path'
import { hasBug } from '../../core/seeded-bugs.ts'
import type { Disk, FileStat } from './disk.ts'
import { reasonOf, Stamp } from './disk.ts'
import type { Glob, Part } from './glob.ts'
import { parseGlob, pathMatcher } from './glob.ts'
import { inodeOf, isSameInode, keyOf } from './identity.ts'
import { Listings, type Place } from './listings.ts'
import { Roots } from './roots.ts'
import { Walked } from './walked.ts'

/** A regular file that the patterns lead to. */
export interface Candidate {
  /** Where it can be opened: no link. */
  readonly path: string
  /** All names it was found under: links, what they point to, `path` last. */
  readonly names: readonly string[]
  readonly key: string
  readonly stat: FileStat
}

export function candidateOf(path: string, names: readonly string[], stat: FileStat): Candidate {
  return { path, names, key: keyOf(inodeOf(stat)), stat: new Stamp(stat) }
}

/** Hard links and overlapping patterns lead to one file, which has all those names. */
export function joined(one: Candidate | undefined, other: Candidate): Candidate {
  return one === undefined ? other : { ...other, path: one.path, names: [...one.names, ...other.names] }
}

export interface DiscoverPlan {
  readonly paths: readonly string[]
  readonly exclude: readonly string[]
  readonly followSymlinks: boolean
  /** Directories, besides those of `paths`, that links may lead to, or files be rotated to. */
  readonly linkRoots: readonly string[]
  readonly rotatedTo: readonly string[]
}

interface Found extends Candidate {
  /** The last scan that did. */
  scan: number
}

/** After so many scans it is looked again where roots are. */
const trustedScans = 5
const deepest = 32
const nothing: readonly Place[] = []
const takesFailedForEmpty = hasBug('glob-error-is-empty')

/** Finds files by pattern. A failure is reported and remembered for the scan: what is below that path is unknown, not gone. */
export class Discovery {
  /** How many files `exclude` left out in the last scan. */
  excluded = 0
  readonly roots: Roots
  readonly #globs: readonly Glob[]
  readonly #isExcluded: (path: string) => boolean
  readonly #isIncluded: (path: string) => boolean
  readonly #plan: DiscoverPlan
  readonly #disk: Disk
  readonly #report: (reason: string, path: string) => void
  readonly #listings: Listings
  readonly #failed = new Set<string>()
  readonly #walked = new Walked()
  #scan = 0
  /** Of those found, in this scan. */
  #seen = 0
  /** By path. What has not changed stays the same object: a thousand files at rest would be garbage that takes more time than a scan. */
  readonly #found = new Map<string, Found>()

  constructor(plan: DiscoverPlan, disk: Disk, report: (reason: string, path: string) => void) {
    this.#plan = plan
    this.#disk = disk
    this.#report = report
    this.#listings = new Listings(disk)
    this.#globs = plan.paths.flatMap(parseGlob)
    this.#isExcluded = pathMatcher(plan.exclude)
    this.#isIncluded = pathMatcher(plan.paths)
    const roots = [...this.#globs.map(glob => glob.root), ...plan.linkRoots, ...plan.rotatedTo]
    this.roots = new Roots(roots, disk, { refuse: report, fail: (path, error) => this.#fail(path, error) })
  }

  scan(): Iterable<Candidate> {
    this.#failed.clear()
    this.excluded = 0
    this.#seen = 0
    if (this.#scan++ % trustedScans === 0 || !this.roots.areWhole) this.roots.resolve()
    this.#walked.clear()
    this.#listings.begin()
    for (const { root, parts } of this.#globs) this.#begin(root, parts, 0)
    this.#listings.end()
    if (this.#seen < this.#found.size) this.#forgetUnseen()
    return this.#found.values()
  }

  #forgetUnseen(): void {
    for (const [path, { scan }] of this.#found) if (scan !== this.#scan) this.#found.delete(path)
  }

  /** Whether a file of this name would be found, were it there. */
  isNamed(path: string): boolean {
    return this.#isIncluded(path) && !this.#isExcluded(path)
  }

  /** Whether the last scan could not look at this path, so that its absence says nothing. */
  isUnknown(path: string): boolean {
    if (this.#failed.size === 0) return false
    for (let at = path; at !== '/'; at = dirname(at)) if (this.#failed.has(at)) return true
    return this.#failed.has('/')
  }

  /** All regular files of a directory, or undefined if it can not be told. Used to find a file that was renamed. */
  siblings(directory: string): Map<string, FileStat> | undefined {
    const found = new Map<string, FileStat>()
    try {
      if (this.#disk.lstat(directory) === undefined) return found
      for (const { name, kind } of this.#disk.list(directory)) {
        const path = `${directory === '/' ? '' : directory}/${name}`
        const stat = kind === 'file' ? this.#disk.lstat(path) : undefined
        if (stat?.isFile()) found.set(path, stat)
      }
      return found
    } catch (error) {
      this.#fail(directory, error)
      return undefined
    }
  }

  /** Walks a folder, unless it is below one that is walked for the same part: links lead in circles, and many ways to one folder. */
  #begin(directory: string, parts: readonly Part[], depth: number): void {
    const [part] = parts
    if (part?.kind === 'any' && this.#plan.followSymlinks) {
      const real = this.#try(directory, () => this.#disk.realPath(directory))
      if (real === undefined || !this.#walked.add(real, part)) return
    }
    this.#walk(directory, parts, depth)
  }

  #walk(directory: string, parts: readonly Part[], depth: number): void {
    const part = parts[0]
    if (part === undefined || depth > deepest) return
    const isLast = parts.length === 1
    if (part.kind === 'name') {
      const path = `${directory === '/' ? '' : directory}/${part.name}`
      if (isLast) this.#look(path, depth === 0)
      else if (this.#isDirectory(path)) this.#begin(path, parts.slice(1), depth + 1)
      return
    }
    if (part.kind === 'any' && !isLast) this.#begin(directory, parts.slice(1), depth + 1)
    for (const { path, kind } of this.#matching(directory, part)) {
      if (isLast && kind !== 'directory') this.#look(path)
      if (kind !== 'directory' && (kind !== 'link' || !this.#plan.followSymlinks)) continue
      const rest = part.kind === 'any' ? parts : parts.slice(1)
      if (part.kind === 'any' && kind === 'directory') this.#walk(path, rest, depth + 1)
      else if (rest.length > 0 && (kind === 'directory' || this.#isDirectory(path))) this.#begin(path, rest, depth + 1)
    }
  }

  /** Follows links if that is allowed, and the link too. */
  #isDirectory(path: string): boolean {
    const stat = this.#try(path, () => this.#disk.lstat(path))
    if (stat?.isSymbolicLink() && this.#plan.followSymlinks) {
      const real = this.#try(path, () => this.#disk.realPath(path))
      if (real === undefined || !this.roots.has(`${real}/`)) return false
      return this.#try(real, () => this.#disk.lstat(real))?.isDirectory() ?? false
    }
    return stat?.isDirectory() ?? false
  }

  #matching(directory: string, part: Part): readonly Place[] {
    return this.#try(directory, () => this.#listings.matching(directory, part)) ?? nothing
  }

  /** `isNamed`: the configuration names this very path. */
  #look(path: string, isNamed = false): void {
    const last = this.#found.get(path)
    if (last?.scan === this.#scan) return
    if (last !== undefined && this.#isAsBefore(path, last)) {
      last.scan = this.#scan
      this.#seen++
      return
    }
    if (this.#isExcluded(path)) {
      this.excluded++
      return
    }
    const stat = this.#try(path, () => this.#disk.lstat(path))
    if (stat?.isSymbolicLink()) this.#lookThrough(path)
    else if (stat?.isFile())
      this.#find(path, isStill(last, path, stat) ? { ...last, stat: new Stamp(stat) } : candidateOf(path, [path], stat))
    else if (stat?.isDirectory() === false) this.#report('not_regular', path)
    else if (stat !== undefined && isNamed) this.#report('directory', path)
  }

  #find(name: string, { path, names, key, stat }: Candidate): void {
    this.#seen++
    // Not a spread, which would put a field into a second object.
    this.#found.set(name, { path, names, key, stat, scan: this.#scan })
  }

  /** A link leads through others, each of which may have changed. */
  #isAsBefore(path: string, last: Found): boolean {
    try {
      return last.path === path && this.#disk.looksLike(path, last.stat)
    } catch {
      return false
    }
  }

  #lookThrough(link: string): void {
    if (!this.#plan.followSymlinks) {
      this.#report('symlink', link)
      return
    }
    const path = this.#try(link, () => this.#disk.realPath(link))
    if (path === undefined) return
    if (!this.roots.has(path)) {
      this.#report('outside', link)
      return
    }
    const stat = this.#try(path, () => this.#disk.lstat(path))
    if (!stat?.isFile() || this.#isExcluded(path)) return
    const names = [link]
    for (let at = link; names.length < 8 && at !== path; ) {
      const from = at
      const next = this.#try(from, () =>
        this.#disk.lstat(from)?.isSymbolicLink() ? this.#disk.linkTarget(from) : path
      )
      at = next ?? path
      names.push(at)
    }
    this.#find(link, candidateOf(path, names, stat))
  }

  #try<T>(path: string, run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.#fail(path, error)
      return undefined
    }
  }

  #fail(path: string, error: unknown): void {
    if (!takesFailedForEmpty) this.#failed.add(path)
    this.#report(reasonOf(error), path)
  }
}

/** The same file, which has changed: its names and its key are kept as they are. */
function isStill(last: Candidate | undefined, path: string, stat: FileStat): last is Candidate {
  return last?.path === path && isSameInode(last.stat, stat)
}
