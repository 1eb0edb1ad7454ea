import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Journal } from './journal.ts'
import { until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'

/** What a second collector on a state directory may take to say so, beside two other tests, or forty. */
const refusalMs = { quick: 15_000, short: 15_000, long: 5000 }

/** One state directory has one collector; a killed one leaves no lock behind; a state goes to another directory and goes on. */
export const oneInstance: Scenario = {
  id: 'T10',
  name: 'two instances, moved state',
  run({ size, seed, kills = { quick: 1, short: 5, long: 50 }[size] }) {
    return Trial.run(seed, {}, async trial => {
      const { site, dice, broken, notes } = trial
      const journal = new Journal(site.logs, 'i')
      let slowest = 0
      for (let kill = 0; kill < kills; kill++) {
        journal.write(dice.between(10, 500))
        site.start()
        await site.ready()
        const { code, err, ms } = await site.second()
        slowest = Math.max(slowest, ms)
        if (code !== 4) broken.push(`a second collector ended with ${String(code)}`)
        if (!/another collector \(process \d+\) holds it/.test(err)) broken.push(`a second collector said: ${err}`)
        await trial.stored(journal.seq)
        await trial.kill(dice.between(0, 200))
      }
      if (slowest > refusalMs[size]) broken.push(`a second collector ended after ${slowest.toFixed(0)} ms`)
      notes.push(`a second collector ends within ${slowest.toFixed(0)} ms`)
      site.start()
      await site.ready()
      await trial.stored(journal.seq)
      if (size !== 'quick') await move(trial, journal)
      return trial.verdict({ journals: { i: journal.seq } })
    })
  }
}

/** The state as another machine would get it. */
async function move({ site, store, broken }: Trial, journal: Journal): Promise<void> {
  await site.end('SIGTERM')
  const { bulkRows } = store.stats
  const file = join(site.folder, 'state.ndjson')
  await site.verb('state', 'export', file)
  rmSync(site.state, { recursive: true })
  await site.verb('state', 'import', file)
  if (!existsSync(join(site.state, 'backup.db'))) broken.push('an imported state has no backup')
  journal.write(100)
  site.start()
  await until('all rows are sent', 30_000, () => store.store.count() >= journal.seq)
  const again = store.stats.bulkRows - bulkRows - 100
  if (again !== 0) broken.push(`${again} rows were sent again after the state had moved`)
}
