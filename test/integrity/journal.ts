/**
 * Writes journals: `journal.ts FOLDER FILES LINES_EACH BYTES_PER_SECOND ROTATE_EVERY_LINES`. Every line proves itself (line.ts).
 * Rotation renames `<file>.log` to `<file>.log.1`, older ones count up, none is deleted. Prints `written` when all lines are.
 */
import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { lineOf } from './line.ts'

const [folder = '', files = '1', lines = '1000', rate = '1000000', rotateEvery = '0'] = process.argv.slice(2)
const tickMs = 10

class Journal {
  readonly name: string
  seq = 0
  #fd: number
  readonly #path: string

  constructor(name: string) {
    this.name = name
    this.#path = join(folder, `${name}.log`)
    this.#fd = openSync(this.#path, 'a')
  }

  /** Writes about so many bytes and returns how many it was. Lines often arrive in two pieces. */
  write(bytes: number): number {
    let block = ''
    while (block.length < bytes && this.seq < Number(lines)) {
      block += `${lineOf(this.name, this.seq++)}\n`
      if (Number(rotateEvery) > 0 && this.seq % Number(rotateEvery) === 0) break
    }
    const half = block.length >> 1
    writeSync(this.#fd, block.slice(0, half))
    writeSync(this.#fd, block.slice(half))
    if (Number(rotateEvery) > 0 && this.seq % Number(rotateEvery) === 0 && this.seq < Number(lines)) this.#rotate()
    return block.length
  }

  close(): void {
    closeSync(this.#fd)
  }

  #rotate(): void {
    closeSync(this.#fd)
    let oldest = 1
    while (existsSync(`${this.#path}.${oldest}`)) oldest++
    for (let n = oldest; n > 1; n--) renameSync(`${this.#path}.${n - 1}`, `${this.#path}.${n}`)
    renameSync(this.#path, `${this.#path}.1`)
    this.#fd = openSync(this.#path, 'a')
  }
}

const journals = Array.from({ length: Number(files) }, (_, file) => new Journal(`j${file}`))
const began = performance.now()
let written = 0

const timer = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * Number(rate)
  for (const journal of journals) if (written < due) written += journal.write((due - written) / journals.length)
  if (journals.some(journal => journal.seq < Number(lines))) return
  clearInterval(timer)
  for (const journal of journals) journal.close()
  console.log('written')
}, tickMs)
