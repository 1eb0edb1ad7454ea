import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Arrivals } from './arrivals.ts'
import { Journal } from './journal.ts'
import { lineOf, readMessage } from './line.ts'
import { delay, until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import { judgeLedger, messageIn } from './verdict.ts'

const swaps = { quick: 300, short: 3000, long: 30_000 }
const secret = 'only root may know'

/** Somebody else owns the folder of logs, and tries to have other files read. */
export const hostileFolder: Scenario = {
  id: 'T55',
  name: 'a hostile folder',
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { input: 'follow_symlinks: true' } }, async trial => {
      const { site, store, broken } = trial
      const outside = join(site.folder, 'outside')
      mkdirSync(outside)
      writeFileSync(join(outside, 'shadow.log'), `${secret}\n`)
      symlinkSync(join(outside, 'shadow.log'), join(site.logs, 'direct.log'))
      symlinkSync(outside, join(site.logs, 'folder.log'))
      symlinkSync(join(site.logs, 'nowhere'), join(site.logs, 'dangling.log'))
      execFileSync('mkfifo', [join(site.logs, 'fifo.log')])
      symlinkSync('/dev/zero', join(site.logs, 'device.log'))
      symlinkSync('loop.log', join(site.logs, 'loop.log'))
      const arrivals = new Arrivals(store)
      const journal = new Journal(site.logs, 'honest')
      journal.write(100)
      linkSync(journal.path, join(site.logs, 'again.log'))
      site.start()
      await site.ready()
      // Between the look and the opening anything may have taken a file's place.
      const bait = join(site.logs, 'bait.log')
      for (let swap = 0; swap < swaps[size]; swap++) {
        writeFileSync(`${bait}.new`, `${lineOf('bait', 0)}\n`)
        renameSync(`${bait}.new`, bait)
        rmSync(bait)
        symlinkSync(join(outside, 'shadow.log'), bait)
        trial.faults++
        if (swap % 20 === 0) {
          journal.write(10)
          await delay(10)
        }
        rmSync(bait)
      }
      await until('the last line has come', 60_000, () => arrivals.newestOf(journal.name) === journal.seq - 1)
      const verdict = await trial.verdict({ journals: { honest: journal.seq } })
      // What was there for a moment may have been read, or not.
      let baits = 0
      for (const { source } of store.store.documents()) {
        if (source.includes(secret)) broken.push('a file outside of the folder was read')
        if (readMessage(messageIn(source))?.file === 'bait') baits++
      }
      const ledger = judgeLedger(await site.verb('ledger', '--json'), journal.seq + baits)
      return { ...verdict, ghost: verdict.ghost - baits, ledger, broken }
    })
}
