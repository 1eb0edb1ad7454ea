import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { InputPlace } from '../../config/define.ts'

const mostBytes = 1024 * 1024

/** Where an input that makes its rows itself writes them. */
export function fedPath({ stateDir, name }: InputPlace): string {
  return join(stateDir, 'fed', `${name}.log`)
}

/** A file of rows that we write and follow: what holds for other logs (ids, cursors, accounts) holds for these rows, too. It is rotated
 * by renaming at 1 MiB, one old file is kept. */
export class FedFile {
  readonly #path: string
  #bytes: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** Appends a row. Throws what the file system throws. */
  append(row: object): void {
    const line = `${JSON.stringify(row)}\n`
    this.#bytes ??= this.#open()
    if (this.#bytes >= mostBytes) {
      renameSync(this.#path, `${this.#path}.1`)
      this.#bytes = 0
    }
    appendFileSync(this.#path, line, { mode: 0o600 })
    this.#bytes += Buffer.byteLength(line)
  }

  #open(): number {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0
  }
}
