import type { Part } from './glob.ts'

/** The folders that a scan walks with all that is below them, each for one part of a pattern. */
export class Walked {
  readonly #roots = new Map<Part, string[]>()

  clear(): void {
    this.#roots.clear()
  }

  /** Takes note of a real path; false: it is one of them, or below one. */
  add(real: string, part: Part): boolean {
    const path = real === '/' ? '/' : `${real}/`
    const roots = this.#roots.get(part) ?? []
    if (roots.some(root => path.startsWith(root))) return false
    this.#roots.set(part, [...roots, path])
    return true
  }
}
