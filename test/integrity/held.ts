import {
  anywhere,
  down,
  heldBytes,
  journalsOf,
  segmentsOf,
  site,
  spoolBytes,
  untilClosed,
  writeAndDelete
} from './deletions.ts'
import { linesOf } from './journal.ts'
import { until } from './process.ts'
import { untilKnown } from './stored-files.ts'
import { atOnce, type Scenario, type Size, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

/** An output is down while files are written, rotated away and deleted: what they held is delivered, and their disk space is free. */
export const deletedButHeld: Scenario = {
  id: 'T26',
  name: 'deleted but held',
  async run({ size, seed }) {
    const kinds = size === 'quick' ? [kept] : [kept, evicted, killed]
    const verdicts = await atOnce(3, [...kinds.entries()], ([index, kind]) => kind(size, seed + index))
    return together(verdicts)
  }
}

/** Files that are deleted one after the other, lines in each. */
const generations: Record<Size, number> = { quick: 1, short: 3, long: 40 }
const lines: Record<Size, number> = { quick: 4000, short: 10_000, long: 60_000 }

/** Under the limit nothing is lost, whatever ends the collector behind the copy. */
function kept(size: Size, seed: number): Promise<Verdict> {
  const collector = `hold_deleted: ${{ quick: 4, short: 4, long: 512 }[size]}MiB`
  return Trial.run(seed, { site: { ...site, collector }, fake: down }, async trial => {
    const { site, store, dice } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    for (let left = generations[size]; left > 0; left--) await writeAndDelete(trial, journals, lines[size])
    // Where there is little time, what is left has to be copied when it stops.
    if (size !== 'quick') await untilClosed(trial)
    await trial.site.end(size === 'quick' ? 'SIGTERM' : dice.one(['SIGTERM', 'SIGKILL']))
    trial.notes.push(`the spool held ${(spoolBytes(site.state) / 2 ** 20).toFixed(1)} MiB`)
    for (let restart = size === 'quick' ? 1 : 0; restart < 2; restart++) {
      if (restart === 1) store.options = {}
      site.start()
      await site.ready()
      if (restart === 0) await site.end(dice.one(['SIGTERM', 'SIGKILL']))
    }
    // In the middle of sending, too, and each time the spool has let go of what was sent.
    await trial.stored(1)
    await trial.kill(dice.between(0, 300))
    site.start()
    for (let left = segmentsOf(site.state).length; left > 0; left = segmentsOf(site.state).length) {
      await until('a segment is gone', 60_000, () => segmentsOf(site.state).length < left)
      await trial.kill(0)
      site.start()
    }
    for (const journal of journals) journal.write(10)
    return trial.verdict({ journals: linesOf(journals) })
  })
}

/** What is beyond the limit is counted, to the byte; the spool is never larger. */
function evicted(size: Size, seed: number): Promise<Verdict> {
  const limit = { quick: 1, short: 4, long: 64 }[size] * 2 ** 20
  return Trial.run(seed, { site: { ...site, collector: `hold_deleted: ${limit}` }, fake: down }, async trial => {
    const { site, store, broken } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    let written = 0
    for (let left = generations[size] * 2; left > 0; left--) {
      written += await writeAndDelete(trial, journals, lines[size])
      if (spoolBytes(site.state) > limit) broken.push(`the spool takes ${spoolBytes(site.state)} bytes`)
    }
    await untilClosed(trial)
    await site.end('SIGTERM')
    if (spoolBytes(site.state) < limit / 2) broken.push(`the spool takes ${spoolBytes(site.state)} bytes only`)
    const missing = written - heldBytes(site.state)
    store.options = {}
    site.start()
    await site.ready()
    await trial.quiet()
    if (missing === 0) broken.push('nothing was evicted')
    return trial.verdict({
      journals: linesOf(journals),
      gaps: anywhere(journals),
      reasons: ['queue_evicted'],
      lostBytes: [missing, missing]
    })
  })
}

/** A kill while files are copied: what was copied is delivered, the rest counted to the byte. */
function killed(size: Size, seed: number): Promise<Verdict> {
  return Trial.run(seed, { site, fake: down }, async trial => {
    const { site, store, dice } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    let written = 0
    let held = 0
    for (let left = generations[size]; left > 0; left--) {
      const before = spoolBytes(site.state)
      written += await writeAndDelete(trial, journals, lines[size] * 3, untilKnown)
      await until('the copy begins', 60_000, () => spoolBytes(site.state) > before)
      await trial.kill(dice.between(0, 250))
      held = heldBytes(site.state)
      site.start()
      await site.ready()
    }
    store.options = {}
    const gaps = anywhere(journals)
    for (const journal of journals) journal.write(10)
    await trial.quiet()
    const lostBytes = [written - held, written - held] as const
    return trial.verdict({ journals: linesOf(journals), gaps, reasons: ['deleted_unread'], lostBytes })
  })
}
