import { dirname } from 'node:path'
import type { Disk } from './disk.ts'
import type { Allowed } from './handle.ts'

/** Who is told of roots that are not used: by a decision of ours, or for an error of the system. */
export interface RootReports {
  readonly refuse: (reason: string, path: string) => void
  readonly fail: (path: string, error: unknown) => void
}

/** The real directories that files may be in: those that patterns begin with, and others that links may lead to. */
export class Roots implements Allowed {
  readonly #paths: readonly string[]
  readonly #disk: Disk
  readonly #reports: RootReports
  #real: readonly string[] = []
  #areWhole = false

  constructor(paths: readonly string[], disk: Disk, reports: RootReports) {
    this.#paths = paths
    this.#disk = disk
    this.#reports = reports
  }

  /** All of them were there when they were looked for. */
  get areWhole(): boolean {
    return this.#areWhole
  }

  has(realPath: string): boolean {
    return this.#real.some(root => realPath.startsWith(root))
  }

  /** Looks for them anew. */
  resolve(): void {
    const real = new Set<string>()
    let hasFailed = false
    this.#areWhole = true
    for (const path of this.#paths) {
      try {
        const root = this.#isTrusted(path) ? this.#disk.realPath(path) : undefined
        if (root === undefined) this.#areWhole = false
        else real.add(root === '/' ? '/' : `${root}/`)
      } catch (error) {
        this.#reports.fail(path, error)
        this.#areWhole = false
        hasFailed = true
      }
    }
    // A root that can not be looked at for a while stays allowed: nothing is opened below it meanwhile.
    if (hasFailed) for (const root of this.#real) real.add(root)
    this.#real = [...real]
  }

  /** The fixed beginning of a pattern may lead over links, but not over those that others than root and we ourselves made. */
  #isTrusted(root: string): boolean {
    for (let at = root; at !== '/'; at = dirname(at)) {
      const stat = this.#disk.lstat(at)
      if (!stat?.isSymbolicLink() || stat.uid === 0n || Number(stat.uid) === process.getuid?.()) continue
      this.#reports.refuse('foreign_link', at)
      return false
    }
    return true
  }
}
