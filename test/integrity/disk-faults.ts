import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { preloadable } from '../fakes/preload.ts'
import { down, site, untilClosed, writeAndDelete } from './deletions.ts'
import { Dice } from './dice.ts'
import { Journal } from './journal.ts'
import { delay, until } from './process.ts'
import { atOnce, type Scenario, type Size, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

/** What makes the disk below a folder of a collector fail; undefined, and said, where that can not be. */
export function faults({ site, notes }: Trial, folder = site.state): Record<string, string> | undefined {
  const library = preloadable('faulty-disk.c', site.folder)
  if (library !== undefined) return { LD_PRELOAD: library, FAULTY_FOLDER: folder }
  const text = 'SKIPPED: without a C compiler, or not on Linux, no disk fails'
  console.log(text)
  notes.push(text)
  return undefined
}

/** The disk is full for a while. */
interface Moment {
  /** Only files with this in their path can not be written: others have room that is theirs already. */
  readonly files: string
  readonly isDown: boolean
  /** What the log has to say. */
  readonly said: RegExp
}

const moments: readonly Moment[] = [
  { files: '', isDown: false, said: /Cannot write .*state\.db.*disk is full/ },
  // Where no cursor moves, the state may have nothing to write.
  { files: '', isDown: true, said: /Cannot (?:write|copy) .*full/ },
  { files: '/spool/', isDown: true, said: /Cannot copy a deleted file into the spool: .*full/ }
]
/** Whatever there is to do in a moment would be done, or given up, by then. */
const fullMs: Record<Size, number> = { quick: 1500, short: 9000, long: 60_000 }
/** After the disk has room again, lines come within this time; beside other tests everything takes longer. */
const resumeMs = 5000
const slack = 3

/** The state directory can not be written for a while, time and again, also while deleted files have to be copied there. */
export const diskFull: Scenario = {
  id: 'T06',
  name: 'disk full',
  run: ({ size, seed }) =>
    Trial.run(seed, { site }, async trial => {
      const { site, broken, notes, dice } = trial
      const env = faults(trial)
      const full = join(site.folder, 'full')
      const journal = new Journal(site.logs, 'a')
      site.start({ ...env, FAULTY_FULL: full })
      await site.ready()
      const some = size === 'quick' ? [dice.one(moments)] : moments
      let slowest = 0
      for (let round = size === 'long' ? 4 : 1; round > 0 && env !== undefined; round--) {
        for (const moment of some) slowest = Math.max(slowest, await outlive(moment, { trial, journal, full, size }))
      }
      notes.push(`went on ${(slowest / 1000).toFixed(1)} s after there was room`)
      if (size !== 'quick' && slowest > resumeMs * slack)
        broken.push(`it took ${(slowest / 1000).toFixed(1)} s to go on`)
      journal.write(10)
      return trial.verdict({ journals: { a: journal.seq } })
    })
}

interface Place {
  readonly trial: Trial
  readonly journal: Journal
  readonly full: string
  readonly size: Size
}

/** Returns how long it took until all lines had come, once they could, ms. */
async function outlive({ files, isDown, said }: Moment, { trial, journal, full, size }: Place): Promise<number> {
  const { site, store, dice, broken } = trial
  journal.write(2000)
  await delay(dice.between(0, 1500))
  site.messages = ''
  writeFileSync(full, files)
  if (isDown) store.options = down
  // More than fits into the requests on their way.
  await writeAndDelete(trial, [journal], isDown ? 20_000 : 3000)
  const isSaid = (): boolean => said.test(site.messages)
  await until(`it says "${said.source}"`, 15_000, isSaid).catch((error: unknown) => void broken.push(String(error)))
  await delay(fullMs[size])
  if (!site.isRunning) broken.push('the collector ended while the disk was full')
  rmSync(full)
  // What could not be copied is copied now.
  if (isDown && size !== 'quick') await untilClosed(trial)
  const began = performance.now()
  store.options = {}
  await trial.stored(journal.seq)
  const took = performance.now() - began
  // Else the next moment would go on with this one, of which all is said.
  const isOver = (): boolean => site.messages.lastIndexOf('Can write') >= site.messages.lastIndexOf('Cannot write')
  await until('the state can be written again', 15_000, isOver)
  return took
}

interface Flush {
  /** It is one of those of files with this in their path. */
  readonly files: string
  readonly number: number
}

/** Whose flushes fail, and how many of them each run has. */
const victims: readonly { readonly files: string; readonly sure: number; readonly long: number }[] = [
  { files: '', sure: 12, long: 100 },
  { files: '/state.db-wal', sure: 8, long: 40 },
  { files: '/spool/1.db.new', sure: 8, long: 20 },
  { files: '/spool/1.db-wal', sure: 6, long: 40 }
]
/** What failed is tried again within this time, and before that nothing may stop. */
const againMs = 3000

function flushes(size: Size, seed: number): Flush[] {
  const dice = new Dice(seed)
  const some = size === 'quick' ? [dice.one(victims)] : victims
  return some.flatMap(({ files, sure, long }) => {
    if (size === 'long') return Array.from({ length: long }, (_, index) => ({ files, number: index + 1 }))
    const half = sure / 2
    const numbers = size === 'quick' ? [dice.between(1, sure)] : [dice.between(1, half), dice.between(half + 1, sure)]
    return numbers.map(number => ({ files, number }))
  })
}

/** One flush fails, and what it was to keep is gone: it is not taken for durable, and nothing is lost. */
export const flushFails: Scenario = {
  id: 'T05',
  name: 'a flush fails',
  run: async ({ size, seed }) =>
    together(await atOnce(3, flushes(size, seed), flush => flushFailsAt(flush, seed + flush.number)))
}

function flushFailsAt({ files, number }: Flush, seed: number): Promise<Verdict> {
  return Trial.run(seed, { site: { ...site, drain: '2s' }, fake: down }, async trial => {
    const { site, store, broken, notes } = trial
    const env = faults(trial)
    const journal = new Journal(site.logs, 'a')
    let failed = ''
    const hasFailed = (): boolean => (failed ||= /^flush \d+ of ".*" failed$/m.exec(site.messages)?.[0] ?? '') !== ''
    site.start({ ...env, FAULTY_FILES: files, FAULTY_FLUSH: String(number) })
    // It may be one without which it can not start: then it starts again, on a disk that works.
    const isUp = await site.ready().then(
      () => true,
      () => false
    )
    hasFailed()
    if (!isUp) site.start()
    await site.ready()
    await writeAndDelete(trial, [journal], 20_000)
    journal.write(100)
    if (env !== undefined) await until('', 15_000, hasFailed).catch(() => undefined)
    await delay(againMs)
    if (!site.isRunning) broken.push('the collector ended')
    await site.end('SIGTERM')
    if (failed === '' && env !== undefined && number <= victims.find(one => one.files === files)!.sure)
      broken.push('was not reached')
    notes.push(failed.replace(`${site.folder}/`, ''))
    store.options = {}
    site.start()
    await site.ready()
    const verdict = await trial.verdict({ journals: { a: journal.seq } })
    return { ...verdict, broken: broken.map(sentence => `flush ${number} of "${files}": ${sentence}`) }
  })
}
