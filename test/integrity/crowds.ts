import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryOf } from '../fakes/memory.ts'
import { Journal, linesOf } from './journal.ts'
import { lineOf, messageOf } from './line.ts'
import { delay } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import { judgeMessages } from './verdict.ts'

const twins = { quick: 100, short: 2000, long: 2000 }
const many = { quick: 300, short: 2000, long: 10_000 }
const operations = { quick: 10_000, short: 60_000, long: 120_000 }
const active = 100
const openFiles = 100
/** Of a collector that runs from its sources, which takes some 25 MiB more than one that is built. */
const mostMebibytes = { quick: 200, short: 200, long: 250 }

const write = (trial: Trial, count: number, lines: number): Journal[] =>
  Array.from({ length: count }, (_, index) => {
    const journal = new Journal(trial.site.logs, `m${index}`)
    journal.write(lines)
    journal.close()
    return journal
  })
const append = (journals: readonly Journal[], lines: number): void => {
  for (const journal of journals) {
    journal.reopen()
    journal.write(lines)
    journal.close()
  }
}

/** Files that begin alike, or are alike altogether, are as many files. */
export const twinFiles: Scenario = {
  id: 'T19',
  name: 'tiny files and twins',
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { glob: '**/*.log' } }, async trial => {
      const { site, store } = trial
      const messages = Array.from({ length: 20 }, (_, seq) => messageOf('twin', seq))
      const text = messages.map((_, seq) => `${lineOf('twin', seq)}\n`).join('')
      mkdirSync(join(site.logs, 'other'))
      for (let n = 0; n < twins[size] / 2; n++) {
        writeFileSync(join(site.logs, `twin-${n}.log`), text)
        writeFileSync(join(site.logs, `other/twin-${n}.log`), text)
        writeFileSync(join(site.logs, `empty-${n}.log`), '')
      }
      site.start()
      const wanted = Array.from({ length: twins[size] }, () => messages).flat()
      await trial.stored(wanted.length)
      const verdict = await trial.verdict({ journals: {}, read: wanted.length })
      return { ...verdict, ...judgeMessages(store.store.documents(), wanted) }
    })
}

/** One file, found in many ways. */
export const overlap: Scenario = {
  id: 'T20',
  name: 'overlapping patterns and links',
  run: ({ size, seed }) => {
    const site = { glob: '{*.log,*.lo?,link/*.log,own/**/*}', input: 'follow_symlinks: true' }
    return Trial.run(seed, { site }, async trial => {
      const { logs } = trial.site
      symlinkSync(logs, join(logs, 'link'))
      mkdirSync(join(logs, 'own'))
      const journals = write(trial, 10, 100)
      for (const { name, path } of journals) {
        linkSync(path, join(logs, `${name}.hard.log`))
        symlinkSync(path, join(logs, `own/${name}`))
      }
      trial.site.start()
      await trial.stored(1000)
      append(journals, size === 'quick' ? 100 : 1000)
      trial.faults = journals.length * 4
      return trial.verdict({ journals: linesOf(journals) })
    })
  }
}

/** More files than may be open. */
export const fewHandles: Scenario = {
  id: 'T23',
  name: `${openFiles} open files allowed`,
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { openFiles, glob: '*.log' } }, async trial => {
      const journals = write(trial, size === 'quick' ? 200 : 1000, 20)
      trial.site.start()
      for (let round = 0; round < (size === 'quick' ? 2 : 6); round++) {
        await delay(1000)
        append(journals, 10)
        trial.faults++
      }
      return trial.verdict({ journals: linesOf(journals) })
    })
}

/** Thousands of files, of which few are written to. */
export const manyFiles: Scenario = {
  id: 'T24',
  name: 'many files',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, notes, broken } = trial
      const journals = write(trial, many[size], 2)
      site.start()
      await trial.stored(many[size] * 2)
      for (let round = 0; round < 10; round++) {
        append(journals.slice(0, active), 5)
        await delay(200)
      }
      await trial.stored(many[size] * 2 + active * 50)
      const late = new Journal(site.logs, 'late')
      const began = performance.now()
      late.write(1)
      late.close()
      await trial.stored(many[size] * 2 + active * 50 + 1)
      const { peak } = memoryOf(site.collector!.pid!)
      notes.push(`a new file after ${(performance.now() - began).toFixed(0)} ms, ${peak.toFixed(0)} MiB`)
      if (peak > mostMebibytes[size]) broken.push(`it takes ${peak.toFixed(0)} MiB`)
      return trial.verdict({ journals: linesOf([...journals, late]) })
    })
}

/** More happens in a folder than the system tells of. */
export const lostEvents: Scenario = {
  id: 'T25',
  name: 'events that the system forgets',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site } = trial
      const journals = write(trial, 5, 10)
      site.start()
      await site.ready()
      await trial.stored(50)
      site.collector!.kill('SIGSTOP')
      for (let n = 0; n < operations[size]; n++) {
        writeFileSync(join(site.logs, 'noise.tmp'), '')
        rmSync(join(site.logs, 'noise.tmp'))
        // The thread is also that of other trials.
        if (n % 500 === 0) await delay(0)
      }
      append(journals, 50)
      const news = Array.from({ length: 20 }, (_, n) => new Journal(site.logs, `new${n}`))
      for (const journal of news) journal.write(10)
      trial.faults = operations[size]
      site.collector!.kill('SIGCONT')
      await trial.stored(50 + 250 + 200, { withoutMs: 15_000 })
      return trial.verdict({ journals: linesOf([...journals, ...news]) })
    })
}
