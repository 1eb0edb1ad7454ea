import { basename, dirname } from 'node:path'
import type { KnownFile } from './known.ts'
import { namesBefore } from './rotation-name.ts'

const none: readonly KnownFile[] = []

/** The known files of one input, by what they are looked up by. A file keeps its key and its name while it is here. */
export class Roster implements Iterable<KnownFile> {
  /** Directories, besides its own, that a file may be rotated to. */
  readonly #rotatedTo: readonly string[]
  readonly #byKey = new Map<string, KnownFile>()
  /** Nearly every name is that of one. */
  readonly #byBaseName = new Map<string, KnownFile | KnownFile[]>()
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
    if (same === undefined) this.#byBaseName.set(base, file)
    else if ('key' in same) this.#byBaseName.set(base, [same, file])
    else same.push(file)
  }

  remove(file: KnownFile): void {
    this.#byKey.delete(file.key)
    const base = basename(file.name)
    const same = this.#byBaseName.get(base)
    if (same === undefined) return
    const files = 'key' in same ? [same] : same
    const at = files.indexOf(file)
    if (at >= 0) files.splice(at, 1)
    if (files.length === 0) this.#byBaseName.delete(base)
  }

  #named(base: string): readonly KnownFile[] {
    const files = this.#byBaseName.get(base) ?? none
    return 'key' in files ? [files] : files
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
      for (const file of this.#named(name)) if (isArchive || dirname(file.name) === folder) yield file
    }
  }
}
