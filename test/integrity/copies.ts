import { Arrivals } from './arrivals.ts'
import { untilSeen } from './deletions.ts'
import { Journal } from './journal.ts'
import { delay, until } from './process.ts'
import { untilSettled } from './stored-files.ts'
import { atOnce, type Scenario, together, Trial } from './trial.ts'
import type { Gap, Verdict } from './verdict.ts'

const rounds = { quick: 3, short: 6, long: 60 }
const linesATick = { quick: 20, short: 200, long: 400 }
const tickMs = 20
/** On a busy machine lines are read within this time. */
const readMs = 60_000
/** Small, so that reading soon stops when the output does. */
const output = 'batch: { max_bytes: 128KiB }, max_in_flight_bytes: 512KiB, retry: { min: 50ms, max: 500ms }'

/** Copies inside of the pattern and beside it; complete ones, and ones that lack what was written before the truncation. */
export const copyTruncate: Scenario = {
  id: 'T13',
  name: 'copytruncate',
  run: async ({ size, seed }) =>
    together(
      await atOnce(2, ['*.log*', '*.log'], glob =>
        rotate({ glob, seed, rounds: rounds[size], lines: linesATick[size] })
      )
    )
}

/** While it is stopped: renamed several times, copied and truncated, and the oldest ones compressed. */
export const rotatedWhileDown: Scenario = {
  id: 'T17',
  name: 'rotated and compressed while stopped',
  run: async ({ size, seed }) => {
    const globs = ['*.log*', '*.log']
    const stops = { quick: 1, short: 4, long: 10 }[size]
    return together(await atOnce(2, globs, glob => rotateWhileDown({ glob, seed, rounds: stops, lines: 500 })))
  }
}

function rotateWhileDown({ glob, seed, rounds: stops, lines }: Rotations): Promise<Verdict> {
  return Trial.run(seed, { site: { glob, input: 'compression: auto' } }, async trial => {
    const { site, dice } = trial
    const journal = new Journal(site.logs, 'down')
    journal.write(lines)
    site.start()
    for (let stop = 0; stop < stops; stop++) {
      await trial.stored(journal.seq)
      await endSomehow(trial, journal)
      journal.write(dice.between(1, lines))
      // What no run has ever seen has to match the pattern still when one comes back.
      for (let rename = 0; rename < (glob === '*.log*' ? 3 : 1); rename++) {
        journal.rotate()
        journal.write(dice.between(1, lines))
      }
      if (glob === '*.log*' || dice.next() < 0.5) {
        if (glob === '*.log*') copyAtOnce(journal)
        journal.compress(glob === '*.log*' ? 4 : 1, dice.one(['gz', 'zst']))
        trial.faults++
      }
      journal.write(dice.between(1, lines))
      trial.faults++
      site.start()
      await site.ready()
      journal.write(dice.between(1, lines))
    }
    return trial.verdict({ journals: { down: journal.seq } })
  })
}

/** Rows whose cursor a kill has lost come again under the same ids. */
async function endSomehow(trial: Trial, journal: Journal): Promise<void> {
  const signal = trial.dice.one(['SIGTERM', 'SIGKILL'] as const)
  if (signal === 'SIGKILL') await untilSettled(trial, [journal])
  else await trial.site.ready()
  await trial.site.end(signal)
}

interface Rotations {
  readonly glob: string
  readonly seed: number
  readonly rounds: number
  readonly lines: number
}

function rotate({ glob, seed, rounds: count, lines }: Rotations): Promise<Verdict> {
  return Trial.run(seed, { site: { glob, output } }, async trial => {
    const { site, dice } = trial
    const journal = new Journal(site.logs, 'copied')
    const arrivals = new Arrivals(trial.store)
    const gaps: Gap[] = []
    site.start()
    await site.ready()
    for (let round = 0; round < count; round++) {
      for (let tick = dice.between(10, 40); tick > 0; tick--) {
        journal.write(lines)
        await delay(tickMs)
      }
      trial.faults++
      if (round % 3 === 0) copyAtOnce(journal)
      else if (round % 3 === 1) await copyWithGap(journal, lines, arrivals)
      else gaps.push(await copyWhileStalled(trial, journal))
    }
    journal.write(lines)
    return trial.verdict({ journals: { copied: journal.seq }, gaps })
  })
}

/** Nothing is written between the copy and the truncation. */
function copyAtOnce(journal: Journal): void {
  journal.copy()
  journal.truncate()
}

/** What is written in between is read in time. */
async function copyWithGap(journal: Journal, lines: number, arrivals: Arrivals): Promise<void> {
  journal.copy()
  journal.write(lines)
  await until('the last line has come', readMs, () => arrivals.newestOf(journal.name) === journal.seq - 1)
  journal.truncate()
}

/** Nothing is read while the output is down: what is written in between is lost. */
async function copyWhileStalled(trial: Trial, journal: Journal): Promise<Gap> {
  const { store } = trial
  store.options = { ...store.options, requests: { '503': 1 } }
  for (let block = 0; block < 10; block++) {
    journal.write(1000)
    await delay(tickMs)
  }
  await untilSeen(trial, [journal])
  journal.copy()
  const from = journal.seq
  journal.write(2000)
  // What it has never seen, it can not count.
  await untilSeen(trial, [journal])
  const to = journal.seq
  journal.truncate()
  journal.write(100)
  await untilSeen(trial, [journal])
  store.options = { ...store.options, requests: {} }
  return { file: journal.name, from, to }
}
