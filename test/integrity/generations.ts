import { rmSync, statSync } from 'node:fs'
import { Journal, linesOf, totalOf } from './journal.ts'
import { delay } from './process.ts'
import { untilSettled } from './stored-files.ts'
import { type Scenario, Trial } from './trial.ts'

const files = { quick: 10, short: 50, long: 50 }
const rounds = { quick: 1, short: 6, long: 20 }

/** Files are truncated and have grown past their old end before anybody looks, while it runs and while it is stopped. */
export const truncateAndRegrow: Scenario = {
  id: 'T15',
  name: 'truncate and regrow',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, dice } = trial
      const journals = Array.from({ length: files[size] }, (_, index) => new Journal(site.logs, `t${index}`))
      for (const journal of journals) journal.write(dice.between(1, 50))
      site.start()
      for (let round = 0; round < rounds[size] * 2; round++) {
        const isStopped = round % 2 === 1
        await trial.stored(totalOf(linesOf(journals)))
        if (isStopped) await stop(trial, journals)
        for (const journal of journals) {
          const before = statSync(journal.path).size
          journal.truncate()
          trial.faults++
          // shorter, as long or longer than it was: in one go
          journal.write(dice.one([1, Math.ceil(before / 200), Math.ceil(before / 100)]))
        }
        if (isStopped) site.start()
      }
      return trial.verdict({ journals: linesOf(journals) })
    })
}

/** Files are deleted, and others with the same name get the same inode. */
export const sameInode: Scenario = {
  id: 'T16',
  name: 'delete and recreate with the same inode',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site, dice } = trial
      const journals = Array.from({ length: files[size] }, (_, index) => new Journal(site.logs, `d${index}`))
      for (const journal of journals) journal.write(dice.between(1, 50))
      site.start()
      let reused = 0
      for (let round = 0; round < rounds[size]; round++) {
        await trial.stored(totalOf(linesOf(journals)))
        const isStopped = size === 'quick' || round % 2 === 1
        if (isStopped) await stop(trial, journals)
        reused += await recreate(journals, isStopped)
        trial.faults += journals.length
        if (isStopped) site.start()
      }
      trial.notes.push(`${reused} of ${trial.faults} got the inode of one that was deleted`)
      return trial.verdict({ journals: linesOf(journals) })
    })
}

/** Ends the collector in one way or the other. Rows whose cursor a kill has lost can not be counted after their file is gone. */
async function stop(trial: Trial, journals: readonly Journal[]): Promise<void> {
  const signal = trial.dice.one(['SIGTERM', 'SIGKILL'] as const)
  if (signal === 'SIGKILL') await untilSettled(trial, journals)
  else await trial.site.ready()
  await trial.site.end(signal)
}

/** Returns how many inodes were used again. */
async function recreate(journals: readonly Journal[], isStopped: boolean): Promise<number> {
  const inodes = new Set(journals.map(({ path }) => statSync(path).ino))
  for (const journal of journals) {
    journal.close()
    rmSync(journal.path)
  }
  // The inode is free once the collector has let go of the file.
  if (!isStopped) await delay(12_000)
  for (const journal of journals) {
    journal.reopen()
    journal.write(60)
  }
  return journals.filter(({ path }) => inodes.has(statSync(path).ino)).length
}
