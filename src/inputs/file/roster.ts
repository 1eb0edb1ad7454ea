import { basename, dirname } from 'node:path'
import type { KnownFile } from './known.ts'
import { namesBefore } from './rotation-name.ts'

/** The known files of one input, by what they are looked up by. A file keeps its key and its name while it is here. */
export class Roster implements Iterable<KnownFile> {
  /** Directories, besides its own, that a file may be rotated to. */
  readonly #rotatedTo: readonly string[]
  readonly #byKey = new Map<string, KnownFile>()
  readonly #byBaseName = new Map<string, KnownFile[]>()
  /** Made when somebody asks. */
  #byPath: Map<string, KnownFile> | undefined

  constructor(rotatedTo: readonly string[]) {
    this.#rotatedTo = rotatedTo
  }

  [Symbol.iterator](): Iterator<KnownFile> {
    return this.#byKey.values()
  }

  get(key: string): KnownFile | undefined {
    return this.#byKey.get(key)
  }

  add(file: KnownFile): void {
    this.#byKey.set(file.key, file)
    const base = basename(file.name)
    const same = this.#byBaseName.get(base)
    if (same === undefined) this.#byBaseName.set(base, [file])
    else same.push(file)
  }

  remove(file: KnownFile): void {
    this.#byKey.delete(file.key)
    const base = basename(file.name)
    const same = this.#byBaseName.get(base) ?? []
    const at = same.indexOf(file)
    if (at >= 0) same.splice(at, 1)
    if (same.length === 0) this.#byBaseName.delete(base)
  }

  /** Paths may have changed. */
  move(): void {
    this.#byPath = undefined
  }

  /** The file that the last scan found there. */
  at(path: string): KnownFile | undefined {
    this.#byPath ??= new Map(Array.from(this.#byKey.values(), file => [file.path, file]))
    return this.#byPath.get(path)
  }

  /** Those that the file at this path may be a rotated copy of, by its name. */
  *before(path: string): Iterable<KnownFile> {
    const folder = dirname(path)
    const isArchive = this.#rotatedTo.includes(folder)
    for (const name of namesBefore(basename(path))) {
      for (const file of this.#byBaseName.get(name) ?? []) if (isArchive || dirname(file.name) === folder) yield file
    }
  }
}
