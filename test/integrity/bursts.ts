import { renameSync, rmSync } from 'node:fs'
import { Journal } from './journal.ts'
import { wideLine } from './line.ts'
import { delay } from './process.ts'
import { type Scenario, Trial } from './trial.ts'

const megabytes = { quick: 4, short: 60, long: 300 }

/** Far more than can be read at once, renamed out of the pattern at once, and deleted after a while. */
export const burstThenRotate: Scenario = {
  id: 'T12',
  name: 'burst, then rotated at once, then deleted',
  run: ({ size, seed }) =>
    Trial.run(seed, {}, async trial => {
      const { site } = trial
      const lines = Math.ceil((megabytes[size] * 1e6) / wideLine('burst', 0).length)
      site.start()
      await site.ready()
      const first = await burst(trial, { name: 'first', lines })
      // It is open: where it lies makes no difference, nor whether it lies anywhere.
      await delay(2000)
      rmSync(`${first.path}.1`)
      await trial.stored(first.seq * 2)
      // Killed while it reads, it finds the renamed file by its identity.
      const second = await burst(trial, { name: 'second', lines })
      await trial.kill(size === 'quick' ? 100 : 400)
      site.start()
      // The one that was killed may have sent all of it: the file has to be open before it is deleted.
      await site.ready()
      await trial.stored((first.seq + second.seq) * 2)
      rmSync(`${second.path}.1`)
      trial.faults++
      await delay(size === 'quick' ? 0 : 3000)
      return trial.verdict({ journals: { first: first.seq * 2, second: second.seq * 2 } })
    })
}

/** Writes as fast as the disk takes it, renames, and writes as much again under the old name. */
async function burst(trial: Trial, { name, lines }: { name: string; lines: number }): Promise<Journal> {
  const { site } = trial
  const journal = new Journal(site.logs, name, wideLine)
  const before = trial.store.store.count()
  journal.write(1)
  // The file has to be known before it gets another name.
  await trial.stored(before + 1)
  await journal.fill(lines - 1)
  journal.close()
  renameSync(journal.path, `${journal.path}.1`)
  journal.reopen()
  const again = new Journal(site.logs, name, (file, seq) => wideLine(file, lines + seq))
  await again.fill(lines)
  again.close()
  journal.close()
  return journal
}
