import type { StoredSource } from '../../core/record.ts'
import { keyOf } from './identity.ts'
import { fromStored } from './stored.ts'

/**
 * Which input follows which file, for all inputs of a shard: where paths overlap, the first that meets a file keeps it, for two
 * readers of one file would send every row twice. What an earlier run followed stays with its input, whoever looks first now.
 */
export class Claims {
  readonly #owners = new Map<string, string>()

  /** `inputs` are the names of those that there are now: the files of others are free. */
  constructor(stored: readonly StoredSource[] = [], inputs: ReadonlySet<string> = new Set()) {
    for (const source of stored) {
      const file = fromStored(source)
      // Without a birth the inode may be that of another file by now.
      if (inputs.has(file.input) && file.birth !== '0') this.#owners.set(keyOf(file), file.input)
    }
  }

  /** Claims a file, by the key of its inode; returns the name of the input that has it, if that is another one. */
  claim(key: string, input: string): string | undefined {
    const owner = this.#owners.get(key)
    if (owner === undefined) this.#owners.set(key, input)
    return owner === input ? undefined : owner
  }

  /** The file is gone, as far as this input is concerned. */
  release(key: string, input: string): void {
    if (this.#owners.get(key) === input) this.#owners.delete(key)
  }
}
