import { appendFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from './dice.ts'
import { linesOf } from './journal.ts'
import { lineOf, messageOf } from './line.ts'
import { delay } from './process.ts'
import { untilKnown } from './stored-files.ts'
import { type Scenario, Trial } from './trial.ts'

const kills = { quick: 2, short: 10, long: 300 }
const files = 3
/** Far more than there is between two pieces of a trace, also while this thread does something else. */
const timeout = '60s'

/** SIGKILL in the middle of stack traces that come in pieces: each of them arrives once, and whole. */
export const killedInTraces: Scenario = {
  id: 'T57',
  name: 'killed inside of stack traces',
  run({ size, seed, kills: wanted = kills[size] }) {
    const input = `multiline: { preset: auto, timeout: ${timeout} }, partial_timeout: ${timeout}, scan_interval: 200ms`
    return Trial.run(seed, { site: { input, output: 'batch: { flush: 1ms }' } }, async trial => {
      const { site, dice } = trial
      const journals = Array.from({ length: files }, (_, index) => new TraceJournal(site.logs, `k${index}`, dice))
      let isOver = false
      const written = Promise.all(
        journals.map(async journal => {
          while (!isOver) {
            journal.write(dice.between(10, 3000))
            await delay(dice.between(1, 60))
          }
          journal.finish()
        })
      )
      for (let kill = 0; kill < wanted; kill++) {
        site.start()
        // long enough to store cursors, which takes a second, or not
        const diesEarly = dice.next() < 0.2
        if (!diesEarly) await site.ready()
        await trial.kill(diesEarly ? dice.between(0, 1000) : dice.between(1000, 3000))
      }
      site.start()
      await site.ready()
      isOver = true
      await written
      await untilKnown(trial, journals)
      // What waits for more of a record does so no longer once its file was rotated.
      for (const { path } of journals) renameSync(path, `${path}.1`)
      return trial.verdict({ journals: linesOf(journals) })
    })
  }
}

/** A log with a trace in every third record, written in pieces that end anywhere. */
class TraceJournal {
  readonly name: string
  /** Records so far, with the one at hand. */
  seq = 0
  readonly path: string
  readonly #dice: Dice
  #rest = Buffer.alloc(0)

  constructor(folder: string, name: string, dice: Dice) {
    this.name = name
    this.path = join(folder, `${name}.log`)
    this.#dice = dice
  }

  write(bytes: number): void {
    while (this.#rest.length < bytes) {
      this.#rest = Buffer.concat([this.#rest, Buffer.from(`${this.#record(this.seq++)}\n`)])
    }
    appendFileSync(this.path, this.#rest.subarray(0, bytes))
    this.#rest = this.#rest.subarray(bytes)
  }

  finish(): void {
    appendFileSync(this.path, this.#rest)
    this.#rest = Buffer.alloc(0)
  }

  #record(seq: number): string {
    if (seq % 3 === 1) return lineOf(this.name, seq)
    if (seq % 3 === 2) return messageOf(this.name, seq)
    return messageOf(
      this.name,
      seq,
      `request failed: größe ${seq}\n${this.#dice.one(traces)(this.#dice.between(2, 60))}`
    )
  }
}

const repeated = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n')

const traces: readonly ((frames: number) => string)[] = [
  frames =>
    `java.lang.IllegalStateException: no lease\n${repeated(frames, n => `\tat com.acme.Lease.renew(Lease.java:${n + 10})`)}\n` +
    `Caused by: java.io.IOException: closed\n\tat com.acme.Wire.read(Wire.java:7)\n\t... ${frames} more`,
  frames =>
    `Traceback (most recent call last):\n${repeated(frames, n => `  File "/srv/lease.py", line ${n}, in renew\n    renew()`)}\n` +
    `ValueError: no lease\n\nDuring handling of the above exception, another exception occurred:\n\n` +
    `Traceback (most recent call last):\n  File "/srv/main.py", line 3, in <module>\n    main()\nSystemError: no`,
  frames => `goroutine 7 [running]:\n${repeated(frames, n => `main.renew(0x${n})\n\t/src/lease.go:${n + 1} +0x1d`)}`,
  frames => repeated(frames, n => `    at renew (/app/lease.js:${n}:7)`)
]
