import { execFileSync } from 'node:child_process'
import { rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Dice } from './dice.ts'
import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { atOnce, type Scenario, type Size, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

const source = resolve(import.meta.dirname, '../fakes/faulty-disk.c')
const site = {
  input: 'scan_interval: 200ms',
  output: 'retry: { min: 50ms, max: 200ms }, max_in_flight_bytes: 1MiB, batch: { max_bytes: 256KiB }'
}
/** The server is there, and takes nothing. */
const down = { requests: { '503': 1 } }
/** After the disk has room again, lines come within this time; beside other tests everything takes longer. */
const resumeMs = 5000
const slack = 3

/** Compiles what makes the disk fail; undefined, and said, where there is no C compiler. */
function compiled({ site, notes }: Trial): Record<string, string> | undefined {
  const library = join(site.folder, 'faulty-disk.so')
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' })
  } catch (error) {
    const text = `SKIPPED: without a C compiler no disk fails (${String(error).split('\n')[0]})`
    console.log(text)
    notes.push(text)
    return undefined
  }
  return { LD_PRELOAD: library, FAULTY_FOLDER: site.state }
}

/** Writes some lines to a file and deletes it, once it was seen. */
async function writeAndDelete(journal: Journal, lines: number): Promise<void> {
  journal.write(lines)
  await delay(1200)
  unlinkSync(journal.path)
  journal.close()
  journal.reopen()
}

/** The state directory can not be written for a while, time and again, also while a deleted file has to be copied there. */
export const diskFull: Scenario = {
  id: 'T06',
  name: 'disk full',
  run: ({ size, seed }) =>
    Trial.run(seed, { site }, async trial => {
      const { site, store, dice, broken, notes } = trial
      const env = compiled(trial)
      const full = join(site.folder, 'full')
      const fullMs: Record<Size, number> = { quick: 1500, short: 3000, long: 60_000 }
      const journal = new Journal(site.logs, 'a')
      let slowest = 0
      site.start({ ...env, FAULTY_FULL: full })
      await site.ready()
      for (let moment = { quick: 1, short: 3, long: 10 }[size]; moment > 0 && env !== undefined; moment--) {
        journal.write(2000)
        await delay(dice.between(0, 1500))
        writeFileSync(full, '')
        trial.faults++
        if (moment === 1) store.options = down
        // More than fits into the requests on their way.
        await writeAndDelete(journal, moment === 1 ? 20_000 : 3000)
        // With the server down, as long as a copy would have taken.
        await delay(moment === 1 && size !== 'quick' ? 9000 : fullMs[size])
        if (!site.isRunning) broken.push('the collector ended while the disk was full')
        if (!/Cannot write .*database or disk is full/.test(site.messages)) broken.push('nothing was said')
        rmSync(full)
        store.options = {}
        const freed = performance.now()
        await trial.stored(journal.seq)
        slowest = Math.max(slowest, performance.now() - freed)
      }
      notes.push(`went on ${(slowest / 1000).toFixed(1)} s after there was room`)
      if (size !== 'quick' && slowest > resumeMs * slack)
        broken.push(`it took ${(slowest / 1000).toFixed(1)} s to go on`)
      journal.write(10)
      return trial.verdict({ journals: { a: journal.seq } })
    })
}

/** Numbers of the flush that fails. */
const flushes: Record<Size, (dice: Dice) => number[]> = {
  // All starts have so many.
  quick: dice => [dice.between(1, 8)],
  short: dice => [1, 3, 7, 15].map(n => n + dice.between(0, n)),
  long: () => Array.from({ length: 200 }, (_, index) => index + 1)
}

/** One flush fails: what it was to make durable is not taken for durable, and nothing is lost. */
export const flushFails: Scenario = {
  id: 'T05',
  name: 'a flush fails',
  async run({ size, seed }) {
    const numbers = flushes[size](new Dice(seed))
    const verdict = together(await atOnce(3, numbers, number => flushFailsAt(number, seed + number)))
    return { ...verdict, notes: [`flushes ${numbers.join(', ')}`, ...verdict.notes] }
  }
}

function flushFailsAt(number: number, seed: number): Promise<Verdict> {
  return Trial.run(seed, { site: { ...site, drain: '2s' }, fake: down }, async trial => {
    const { site, store, broken } = trial
    const env = compiled(trial)
    const journal = new Journal(site.logs, 'a')
    const faulty = { ...env, FAULTY_FLUSH: String(number) }
    site.start(faulty)
    // The one that fails may be one without which it can not start: then it starts again, on a disk that works.
    const isUp = await site.ready().then(
      () => true,
      () => false
    )
    if (!isUp) site.start()
    await site.ready()
    await writeAndDelete(journal, 5000)
    journal.write(100)
    await delay(3000)
    if (!site.isRunning) broken.push(`flush ${number}: the collector ended`)
    await site.end('SIGTERM')
    if (!isUp || /I\/O error|EIO/.test(site.messages)) trial.faults++
    else if (env !== undefined) trial.notes.push(`flush ${number}: was not reached, or can fail without a word`)
    store.options = {}
    site.start()
    await site.ready()
    const verdict = await trial.verdict({ journals: { a: journal.seq } })
    return { ...verdict, broken: broken.map(sentence => `flush ${number}: ${sentence}`) }
  })
}
