import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { lineOf } from './line.ts'

const linesOfBlock = 1000

/** How many lines each has, by its name. */
export function linesOf(journals: readonly { readonly name: string; readonly seq: number }[]): Record<string, number> {
  return Object.fromEntries(journals.map(({ name, seq }) => [name, seq]))
}

/** Of all of them. */
export function totalOf(journals: Readonly<Record<string, number>>): number {
  return Object.values(journals).reduce((sum, lines) => sum + lines, 0)
}

/** Appends lines that prove themselves to `<folder>/<name>.log`, and does to the file what programs do. */
export class Journal {
  readonly name: string
  readonly path: string
  /** Lines written so far. */
  seq = 0
  #fd: number
  /** The last line has no end yet. */
  #isOpen = false
  readonly #textOf: (name: string, seq: number) => string

  constructor(folder: string, name: string, textOf: (name: string, seq: number) => string = lineOf) {
    this.name = name
    this.path = join(folder, `${name}.log`)
    this.#textOf = textOf
    this.#fd = openSync(this.path, 'a')
  }

  /** Appends so many lines, often in two pieces. Returns how many bytes it was. */
  write(lines: number): number {
    let block = this.#isOpen ? '\n' : ''
    this.#isOpen = false
    for (let left = lines; left > 0; left--) block += `${this.#textOf(this.name, this.seq++)}\n`
    const half = block.length >> 1
    // A character outside of the first plane is two units of the string: it is not cut in half.
    const cut = (block.codePointAt(half - 1) ?? 0) > 0xffff ? half + 1 : half
    return writeSync(this.#fd, block.slice(0, cut)) + writeSync(this.#fd, block.slice(cut))
  }

  /** Appends many lines, a block at a time: the thread is also that of stores and of other trials. Returns how many bytes it was. */
  async fill(lines: number): Promise<number> {
    let bytes = 0
    for (let left = lines; left > 0; left -= linesOfBlock) {
      bytes += this.write(Math.min(left, linesOfBlock))
      await setImmediate()
    }
    return bytes
  }

  /** Appends a line whose end comes with the next one. */
  writeOpen(): void {
    writeSync(this.#fd, `${this.#isOpen ? '\n' : ''}${this.#textOf(this.name, this.seq++)}`)
    this.#isOpen = true
  }

  /** Renames `<name>.log` to `<name>.log.1`, older ones count up; goes on in a new file. The oldest beyond `keep` is deleted. */
  rotate(keep = Infinity): void {
    this.close()
    this.#count()
    rmSync(`${this.path}.${keep + 1}`, { force: true })
    renameSync(this.path, `${this.path}.1`)
    this.reopen()
  }

  /** Compresses `<name>.log.<n>` to the same name with `.gz` or `.zst`, as their programs do: the file goes once the archive is whole. */
  compress(n: number, format: 'gz' | 'zst'): void {
    const from = `${this.path}.${n}`
    writeFileSync(`${from}.${format}`, (format === 'gz' ? gzipSync : zstdCompressSync)(readFileSync(from)))
    unlinkSync(from)
  }

  /** As editors and rsync do: what there is and so many more lines are written to another file, which takes the place of this one. */
  replace(lines: number): void {
    const whole = readFileSync(this.path)
    this.close()
    this.#fd = openSync(`${this.path}.tmp`, 'w')
    writeSync(this.#fd, whole)
    this.write(lines)
    renameSync(`${this.path}.tmp`, this.path)
  }

  /** Goes on in whatever stands under the name now. */
  reopen(): void {
    this.#fd = openSync(this.path, 'a')
  }

  /** Copies `<name>.log` to `<name>.log.1`, older ones count up; `truncate` comes next. */
  copy(): void {
    this.#count()
    copyFileSync(this.path, `${this.path}.1`)
  }

  /** `<name>.log.1` becomes `<name>.log.2` and so on, compressed or not. */
  #count(): void {
    const suffixes = ['', '.gz', '.zst']
    const isThere = (n: number): boolean => suffixes.some(suffix => existsSync(`${this.path}.${n}${suffix}`))
    let oldest = 1
    while (isThere(oldest)) oldest++
    for (let n = oldest - 1; n > 0; n--) {
      for (const suffix of suffixes) {
        const path = `${this.path}.${n}${suffix}`
        if (existsSync(path)) renameSync(path, `${this.path}.${n + 1}${suffix}`)
      }
    }
  }

  truncate(): void {
    ftruncateSync(this.#fd, 0)
  }

  close(): void {
    closeSync(this.#fd)
  }
}
