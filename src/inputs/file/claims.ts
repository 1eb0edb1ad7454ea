import type { StoredSource } from '../../core/record.ts'
import { keyOf } from './identity.ts'
import { fromStored } from './stored.ts'

/**
 * Which input follows which file, for all inputs of a shard: where paths overlap, the first that meets a file keeps it, for two
 * readers of one file would send every row twice. What an earlier run followed stays with its input, whoever looks first now.
 */
export class Claims {
  readonly #owners = new Map<string, string>()

  /** Inputs come with these names: what they followed before is theirs, unless another one follows it by now. */
  expect(inputs: ReadonlySet<string>, stored: readonly StoredSource[]): void {
    for (const source of stored) {
      const file = fromStored(source)
      // Without a birth the inode may be that of another file by now.
      if (!inputs.has(file.input) || file.birth === '0') continue
      const key = keyOf(file)
      if (!this.#owners.has(key)) this.#owners.set(key, file.input)
    }
  }

  /** An input goes: its files are free. */
  free(input: string): void {
    for (const [key, owner] of this.#owners) if (owner === input) this.#owners.delete(key)
  }

  /** Claims a file, by the key of its inode; returns the name of the input that has it, if that is another one. */
  claim(key: string, input: string): string | undefined {
    const owner = this.#owners.get(key)
    if (owner === undefined) this.#owners.set(key, input)
    return owner === input ? undefined : owner
  }

  /** Whether some input has the file. */
  has(key: string): boolean {
    return this.#owners.has(key)
  }

  /** The file is gone, as far as this input is concerned. */
  release(key: string, input: string): void {
    if (this.#owners.get(key) === input) this.#owners.delete(key)
  }
}
