import { chmodSync, closeSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Arrivals } from './arrivals.ts'
import { Journal, linesOf, totalOf } from './journal.ts'
import { lineOf, wideLine } from './line.ts'
import { delay } from './process.ts'
import { type Scenario, Trial } from './trial.ts'

const files = { quick: 5, short: 20, long: 50 }
const storms = { quick: 10, short: 50, long: 300 }
const holeBytes = { quick: 64e6, short: 512e6, long: 2e9 }
const rounds = { quick: 1, short: 6, long: 60 }
/** A rotated file lives for so many rotations of 200 ms: longer than a busy machine takes for a scan. */
const keep = 50
const linesARound = 100

/** Many files, each renamed several times a second, the oldest deleted. */
export const renameStorm: Scenario = {
  id: 'T11',
  name: 'rename storm',
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { glob: '*.log*' } }, async trial => {
      const { site, dice } = trial
      const journals = Array.from({ length: files[size] }, (_, index) => new Journal(site.logs, `s${index}`))
      site.start()
      await site.ready()
      for (let storm = 0; storm < storms[size]; storm++) {
        for (const journal of journals) {
          journal.write(dice.between(1, linesARound))
          journal.rotate(keep)
          journal.write(dice.between(1, linesARound))
          trial.faults++
        }
        await delay(200)
      }
      return trial.verdict({ journals: linesOf(journals) })
    })
}

/** How large files become, how often each is rotated, and how many bytes a second all of them get: each generation lives for some scans. */
const bySize = {
  quick: { files: 10, bytes: 64 * 1024, rotations: 2, perSecond: 0.2e6 },
  short: { files: 100, bytes: 256 * 1024, rotations: 3, perSecond: 5e6 },
  long: { files: 100, bytes: 10 * 2 ** 20, rotations: 2, perSecond: 20e6 }
}

/** Many files that are rotated when they are large, at a usual rate; two old ones are kept. */
export const rotatedBySize: Scenario = {
  id: 'W9',
  name: 'many files, rotated by size',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, dice, store } = trial
      const { files, bytes, rotations, perSecond } = bySize[size]
      const journals = Array.from({ length: files }, (_, index) => new Journal(site.logs, `w${index}`, wideLine))
      const sizes = new Map(journals.map(journal => [journal, 0]))
      const arrivals = new Arrivals(store)
      const firsts = new Map(journals.map(journal => [journal, 0]))
      site.start()
      await site.ready()
      const began = performance.now()
      for (let written = 0, turn = 0; trial.faults < files * rotations; turn++) {
        const journal = journals[turn % files]!
        const got = journal.write(dice.between(1, 20))
        const whole = sizes.get(journal)! + got
        // A file that nobody had time to see under its name is not known under the next one.
        const isDue = whole >= bytes && arrivals.newestOf(journal.name) >= firsts.get(journal)!
        if (isDue) {
          journal.rotate(2)
          firsts.set(journal, journal.seq)
          trial.faults++
        }
        sizes.set(journal, isDue ? 0 : whole)
        written += got
        // The store is in this thread, too.
        await delay(Math.max(0, (written / perSecond) * 1000 - (performance.now() - began)))
      }
      return trial.verdict({ journals: linesOf(journals) })
    })
}

/** A program that does not append leaves a hole where its file was truncated. */
export const nulHoles: Scenario = {
  id: 'T14',
  name: 'NULs: holes and tails',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, notes } = trial
      const fd = openSync(join(site.logs, 'hole.log'), 'w')
      let at = 0
      let seq = 0
      const write = (lines: number): void => {
        for (const end = seq + lines; seq < end; seq++) at += writeSync(fd, `${lineOf('hole', seq)}\n`, at)
      }
      write(1000)
      site.start()
      await trial.stored(seq)
      // As if it had written so much meanwhile.
      at += holeBytes[size]
      ftruncateSync(fd, 0)
      write(1000)
      const began = performance.now()
      await trial.stored(seq)
      notes.push(
        `${(holeBytes[size] / 1e6).toFixed(0)} MB of NULs took ${((performance.now() - began) / 1000).toFixed(1)} s`
      )
      // What a power cut leaves at the end of a file, before the program goes on.
      at += 4096
      write(1000)
      trial.faults += 2
      closeSync(fd)
      return trial.verdict({ journals: { hole: seq } })
    })
}

/** Files are replaced, can not be read for a while, and their folder gets another name and back. */
export const replaceGames: Scenario = {
  id: 'T21',
  name: 'replaced, unreadable, moved about',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, dice } = trial
      const journals = Array.from({ length: files[size] }, (_, index) => new Journal(site.logs, `g${index}`))
      const all = (): number => totalOf(linesOf(journals))
      site.start()
      await site.ready()
      for (let round = 0; round < rounds[size]; round++) {
        for (const journal of journals) {
          journal.write(linesARound)
          trial.faults++
        }
        await trial.stored(all())
        for (const journal of journals) {
          if (dice.next() < 0.7) journal.replace(dice.between(1, linesARound))
          else chmodSync(journal.path, statSync(journal.path).mode ^ 0o444)
        }
        await trial.stored(all())
        renameSync(site.logs, `${site.logs}.away`)
        await delay(1500)
        renameSync(`${site.logs}.away`, site.logs)
        for (const journal of journals) chmodSync(journal.path, 0o644)
        await trial.stored(all())
      }
      return trial.verdict({ journals: linesOf(journals) })
    })
}
