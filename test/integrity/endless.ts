import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { memoryOf } from '../fakes/memory.ts'
import { messageOf } from './line.ts'
import { type Scenario, Trial } from './trial.ts'
import { lostBytes } from './verdict.ts'

const megabytes = { quick: 40, short: 200, long: 4000 }
const mebi = 1024 * 1024
const partBytes = 16 * 1024
/** What is longer goes on in another row: lengths are numbers of 32 bits, and an end that never comes must not hold the cursor back. */
const longestLine = 2 ** 30
const longestRecord = 64 * mebi
/** What it may take more than before; the promise is 32 MiB, and what the garbage collector has not come to yet is not ours. */
const mostMoreMiB = { quick: 96, short: 64, long: 64 }

/** A line without an end, a progress bar, a record of a container in thousands of parts: one row each, or one each time it is too long
 * for that, all of them cut, and the next is whole. */
export const endlessLine: Scenario = {
  id: 'T29',
  name: 'endless lines',
  run({ size, seed }) {
    const site = {
      input: 'parser: raw',
      inputs: { plain: 'parser: raw' },
      type: 'containers',
      glob: 'cri.log'
    } as const
    return Trial.run(seed, { site }, async trial => {
      const { broken, notes, store } = trial
      trial.site.start()
      await trial.site.ready()
      const plain = new Writer(trial, 'plain')
      const cri = new Writer(trial, 'cri')
      plain.line('plain', 0)
      cri.part(messageOf('cri', 0, 'ready'), 'F')
      await trial.stored(2)
      const peakMiB = (): number => memoryOf(trial.site.collector!.pid!).peak
      const before = peakMiB()
      const began = performance.now()
      const bytes = megabytes[size] * 1e6
      await plain.fill('x'.repeat(mebi), bytes)
      plain.line('plain', 1)
      await plain.fill(' 42 % [=====>     ] eta 00:03\r'.repeat(4096), bytes / 2)
      plain.line('plain', 2)
      await cri.parts('y'.repeat(partBytes), Math.ceil(bytes / 4 / partBytes))
      cri.part(messageOf('cri', 1, 'ready'), 'F')
      const rows = plain.rows + cri.rows
      await trial.stored(5 + rows)
      const seconds = (performance.now() - began) / 1000
      const more = peakMiB() - before
      if (more > mostMoreMiB[size]) broken.push(`it took ${more.toFixed(0)} MiB more`)
      notes.push(`${more.toFixed(0)} MiB more, ${((plain.bytes + cri.bytes) / 1e6 / seconds).toFixed(0)} MB/s`)
      trial.faults += 3
      const cut = [...store.store.documents()].filter(({ source }) => source.includes('"truncated"'))
      if (cut.length !== rows) broken.push(`${cut.length} rows are flagged as cut instead of ${rows}`)
      const verdict = await trial.verdict({ journals: { plain: 3, cri: 2 }, read: 5 + rows, besides: 'too_large' })
      const lost = lostBytes(await trial.site.verb('ledger', '--json'), 'too_large')
      const wanted = plain.filled + cri.filled - rows * mebi
      if (lost !== wanted) broken.push(`${lost} bytes count as cut off instead of ${wanted}`)
      // the rows that are cut prove nothing by themselves
      return { ...verdict, corrupt: verdict.corrupt - cut.length, broken }
    })
  }
}

class Writer {
  bytes = 0
  /** Bytes of content of the endless lines. */
  filled = 0
  /** What they become. */
  rows = 0
  readonly #fd: number

  constructor({ site }: Trial, name: string) {
    this.#fd = openSync(join(site.logs, `${name}.log`), 'a')
  }

  line(name: string, seq: number): void {
    this.#write(`${messageOf(name, seq, 'ready')}\n`)
  }

  /** A line of so many bytes. The thread is also that of other trials. */
  async fill(block: string, bytes: number): Promise<void> {
    const bytesOfBlock = Buffer.from(block)
    const blocks = Math.ceil(bytes / bytesOfBlock.length)
    for (let n = 0; n < blocks; n++) {
      this.bytes += writeSync(this.#fd, bytesOfBlock)
      await setImmediate()
    }
    this.rows += Math.ceil((blocks * bytesOfBlock.length) / longestLine)
    // the last CR of a line belongs to its end
    this.filled += blocks * bytesOfBlock.length - (block.endsWith('\r') ? 1 : 0)
    this.#write('\n')
  }

  /** A record of so many parts. */
  async parts(text: string, many: number): Promise<void> {
    const before = this.bytes
    for (let n = 0; n < many; n++) {
      this.part(text, 'P')
      if (n % 64 === 0) await setImmediate()
    }
    // a row ends with the first part that begins too far behind its start
    const partsOfRow = Math.floor(longestRecord / ((this.bytes - before) / many)) + 1
    this.rows += Math.ceil(many / partsOfRow)
    this.filled += many * text.length
    this.part('', 'F')
  }

  part(text: string, tag: 'P' | 'F'): void {
    this.#write(`2026-11-22T10:00:00.123456789Z stdout ${tag} ${text}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(text: string): void {
    this.bytes += writeSync(this.#fd, text)
  }
}
