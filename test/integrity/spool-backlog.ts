import { down, journalsOf, site, untilClosed, writeAndDelete } from './deletions.ts'
import { memoryOf } from '../fakes/memory.ts'
import { linesOf } from './journal.ts'
import { readMessage } from './line.ts'
import { until } from './process.ts'
import { type Scenario, type Size, Trial } from './trial.ts'
import { messageIn } from './verdict.ts'
import { ownMs } from './waits.ts'

/** With all of it in memory a collector would take more than it may. */
const backlogMiB: Record<Size, number> = { quick: 10, short: 160, long: 5000 }
const mostMemoryMiB = 256
const firstRowsMs = 3000
const slack = 3
/** Lines of a file may overtake others of it while several requests are under way, which have so many lines together. */
const mostOnTheirWay = 8000

/** A large backlog in the spool: the next start sends at once, in order, and does not read it into memory. */
export const bigBacklog: Scenario = {
  id: 'T09',
  name: 'big backlog restart',
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { ...site, collector: 'hold_deleted: 8GiB' }, fake: down }, async trial => {
      const { site, store, broken, notes, dice } = trial
      const journals = journalsOf(trial)
      site.start()
      await site.ready()
      for (let written = 0; written < backlogMiB[size] * 2 ** 20; ) {
        for (const journal of journals) written += await journal.fill(5000)
      }
      await writeAndDelete(trial, journals, 1)
      // Where there is little time, what is left has to be copied when it stops.
      if (size !== 'quick') await untilClosed(trial, 600_000)
      await site.end(size === 'quick' ? 'SIGTERM' : dice.one(['SIGTERM', 'SIGKILL']))
      store.options = {}
      site.start()
      const first = until('the first row comes', 120_000, () => store.store.count() > 0)
      const ms = await ownMs(site.collector!.pid!, first)
      notes.push(`first rows after ${(ms / 1000).toFixed(1)} s`)
      if (size !== 'quick' && ms > firstRowsMs * slack) broken.push(`the first rows came after ${ms.toFixed(0)} ms`)
      await trial.quiet(3000, 3_600_000)
      const { peak } = memoryOf(site.collector!.pid!)
      notes.push(`${backlogMiB[size]} MiB, at most ${peak.toFixed(0)} MiB of memory`)
      if (peak > mostMemoryMiB) broken.push(`it took ${peak.toFixed(0)} MiB of memory`)
      const late = lateLines(trial)
      if (late > 0) broken.push(`${late} lines came long after those behind them`)
      return trial.verdict({ journals: linesOf(journals) })
    })
}

/** Lines that came when far later ones of their file had come. */
function lateLines({ store }: Trial): number {
  const farthest = new Map<string, number>()
  let late = 0
  for (const { source } of store.store.documents()) {
    const { file = '', seq = 0 } = readMessage(messageIn(source)) ?? {}
    const before = farthest.get(file) ?? 0
    if (seq < before - mostOnTheirWay) late++
    farthest.set(file, Math.max(before, seq))
  }
  return late
}
