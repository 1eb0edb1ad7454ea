import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A log becomes no larger; then it is `NAME.1`, in the place of the one before. */
const mostBytes = 4 * 2 ** 20

/** A folder of logs that are rotated, as services rotate theirs. */
export class LogFolder {
  readonly folder: string
  readonly #sizes = new Map<string, number>()

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
  }

  /** Appends whole lines. Throws the system's errors. */
  append(name: string, text: string): void {
    const path = join(this.folder, name)
    const bytes = Buffer.from(text)
    let size = this.#sizes.get(name) ?? statSync(path, { throwIfNoEntry: false })?.size ?? 0
    if (size > 0 && size + bytes.length > mostBytes) {
      renameSync(path, `${path}.1`)
      size = 0
    }
    appendFileSync(path, bytes)
    this.#sizes.set(name, size + bytes.length)
  }
}
