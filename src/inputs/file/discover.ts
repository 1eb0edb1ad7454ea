import { dirname } from 'node:path'
import { hasBug } from '../../core/seeded-bugs.ts'
import type { Disk, Entry, FileStat } from './disk.ts'
import { reasonOf, Stamp } from './disk.ts'
import type { Glob, Part } from './glob.ts'
import { parseGlob, pathMatcher } from './glob.ts'
import { inodeOf, isSameInode, keyOf } from './identity.ts'
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

export interface DiscoverPlan {
  readonly paths: readonly string[]
  readonly exclude: readonly string[]
  readonly followSymlinks: boolean
  /** Directories, besides those of `paths`, that links may lead to, or files be rotated to. */
  readonly linkRoots: readonly string[]
  readonly rotatedTo: readonly string[]
}

interface Listing {
  readonly mtimeNs: bigint
  readonly entries: readonly Entry[]
  /** Epoch ns of the listing: a change within the same tick of the file system's clock does not show in mtime. */
  readonly at: bigint
  readonly scan: number
}

/** A directory is listed again after so many scans, whatever its mtime says: network file systems cache it. */
const trustedScans = 5
/** Entries younger than this when they were listed may have company with the same mtime. */
const tickNs = 2_000_000_000n
const deepest = 32
const nothing: ReadonlyMap<string, Candidate> = new Map()
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
  readonly #listings = new Map<string, Listing>()
  /** Listings looked at in this scan. */
  readonly #fresh = new Set<string>()
  readonly #failed = new Set<string>()
  readonly #walked = new Walked()
  #scan = 0
  #found = new Map<string, Candidate>()
  /** What the scan before found, during one. */
  #last = nothing

  constructor(plan: DiscoverPlan, disk: Disk, report: (reason: string, path: string) => void) {
    this.#plan = plan
    this.#disk = disk
    this.#report = report
    this.#globs = plan.paths.flatMap(parseGlob)
    this.#isExcluded = pathMatcher(plan.exclude)
    this.#isIncluded = pathMatcher(plan.paths)
    const roots = [...this.#globs.map(glob => glob.root), ...plan.linkRoots, ...plan.rotatedTo]
    this.roots = new Roots(roots, disk, { refuse: report, fail: (path, error) => this.#fail(path, error) })
  }

  scan(): Iterable<Candidate> {
    this.#fresh.clear()
    this.#failed.clear()
    this.#last = this.#found
    this.#found = new Map()
    this.excluded = 0
    if (this.#scan++ % trustedScans === 0 || !this.roots.areWhole) this.roots.resolve()
    this.#walked.clear()
    for (const { root, parts } of this.#globs) this.#begin(root, parts, 0)
    for (const path of this.#listings.keys()) if (!this.#fresh.has(path)) this.#listings.delete(path)
    this.#last = nothing
    return this.#found.values()
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
    const prefix = directory === '/' ? '' : directory
    if (part.kind === 'name') {
      const path = `${prefix}/${part.name}`
      if (isLast) this.#look(path, depth === 0)
      else if (this.#isDirectory(path)) this.#begin(path, parts.slice(1), depth + 1)
      return
    }
    if (part.kind === 'any' && !isLast) this.#begin(directory, parts.slice(1), depth + 1)
    for (const { name, kind } of this.#list(directory)) {
      if (part.kind === 'pattern' && !part.matches(name)) continue
      const path = `${prefix}/${name}`
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

  #list(directory: string): readonly Entry[] {
    const known = this.#listings.get(directory)
    if (known !== undefined && this.#fresh.has(directory)) return known.entries
    const stat = this.#try(directory, () => this.#statDirectory(directory))
    if (stat === undefined) return []
    this.#fresh.add(directory)
    const isCurrent = known?.mtimeNs === stat.mtimeNs && known.at - known.mtimeNs > tickNs
    if (known !== undefined && isCurrent && this.#scan - known.scan < trustedScans) return known.entries
    const at = BigInt(Date.now()) * 1_000_000n
    const entries = this.#try(directory, () => this.#disk.list(directory))
    if (entries === undefined) return []
    this.#listings.set(directory, { mtimeNs: stat.mtimeNs, entries, at, scan: this.#scan })
    return entries
  }

  /** The fixed beginning of a pattern may be a link. */
  #statDirectory(directory: string): FileStat | undefined {
    const stat = this.#disk.lstat(directory)
    if (!stat?.isSymbolicLink()) return stat
    const real = this.#disk.realPath(directory)
    return real === undefined ? undefined : this.#disk.lstat(real)
  }

  /** `isNamed`: the configuration names this very path. */
  #look(path: string, isNamed = false): void {
    if (this.#found.has(path)) return
    if (this.#isExcluded(path)) {
      this.excluded++
      return
    }
    const stat = this.#try(path, () => this.#disk.lstat(path))
    if (stat?.isSymbolicLink()) this.#lookThrough(path)
    else if (stat?.isFile()) this.#found.set(path, this.#candidate(path, stat))
    else if (stat?.isDirectory() === false) this.#report('not_regular', path)
    else if (stat !== undefined && isNamed) this.#report('directory', path)
  }

  /** A thousand files at rest would be a thousand new candidates at every scan: garbage that takes more time than the scan. */
  #candidate(path: string, stat: FileStat): Candidate {
    const last = this.#last.get(path)
    if (last?.path !== path || !isSameInode(last.stat, stat)) return candidateOf(path, [path], stat)
    const isSame = last.stat.size === stat.size && last.stat.mtimeNs === stat.mtimeNs
    return isSame ? last : { ...last, stat: new Stamp(stat) }
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
    this.#found.set(link, candidateOf(path, names, stat))
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
