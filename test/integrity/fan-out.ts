import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { Journal, linesOf } from './journal.ts'
import { delay, until } from './process.ts'
import { Stopwatch } from './stopwatch.ts'
import { type Scenario, type Size, Trial } from './trial.ts'

const tight = 'max_in_flight_bytes: 256KiB, batch: { max_bytes: 64KiB }, retry: { min: 50ms, max: 500ms }'
const linesPerSecond = 1500
/** So many documents of lines are more than an output without room holds: it is in a lane of its own then. */
const mostHeld = 3000
/** On a busy machine lanes part and meet within this time. */
const laneMs = 60_000
/** How long each state of the outputs is watched. */
const watchMs: Record<Size, number> = { quick: 500, short: 4000, long: 120_000 }
/** Ends of the process where lanes part and meet, and at moments between. */
const points = ['pipeline.part.before', 'pipeline.part.after', 'pipeline.meet.before', 'pipeline.meet.after']

interface Both {
  readonly trial: Trial
  /** The second output's. */
  readonly far: FakeElasticsearch
  readonly journal: Journal
}

/** Of two outputs one is away again and again, while the process is stopped and killed in every state of their lanes. */
export const fanOut: Scenario = {
  id: 'T41',
  name: 'fan-out: one output up, one down',
  async run({ size, seed }) {
    const far = await FakeElasticsearch.start({ seed })
    const site = { outputs: { far: `endpoints: ["${far.url}"], ${tight}` }, glob: '*.log*' }
    try {
      return await Trial.run(seed, { site }, async trial => {
        const journal = new Journal(trial.site.logs, 'shared')
        const both = { trial, far, journal }
        await compareTimes(both, watchMs[size])
        if (size === 'quick') await killAt(both, trial.dice.one(points))
        for (let round = 0; round < { quick: 0, short: 1, long: 10 }[size]; round++) await killInEveryState(both)
        journal.close()
        trial.site.start()
        const verdict = await trial.verdictOfEach([trial.store, far], linesOf([journal]))
        trial.notes.push(`sent again after kills: ${sentAgain(trial.store)} and ${sentAgain(far)} rows`)
        return verdict
      })
    } finally {
      await far.stop()
    }
  }
}

/** How long lines take to the output that is up: with the other one up, down, and while it catches up. */
async function compareTimes({ trial, far, journal }: Both, ms: number): Promise<void> {
  const { site, store, notes, broken } = trial
  const watch = new Stopwatch(journal, linesPerSecond, trial)
  site.start()
  await site.ready()
  watch.start()
  const times: string[] = []
  const look = async (state: string): Promise<void> => {
    watch.take()
    await delay(ms)
    await until(`a line arrives while the other output is ${state}`, laneMs, () => watch.lines > 0)
    const { p99, most } = watch.take()
    times.push(`${p99.toFixed(0)} ms (${state})`)
    if (most > 5000) broken.push(`a line took ${most.toFixed(0)} ms while the other output was ${state}`)
  }
  await delay(500)
  await look('up')
  await far.stop()
  await look('down')
  await far.resume()
  await look('catching up')
  watch.stop()
  notes.push(`p99 of the output that is up: ${times.join(', ')}`)
  for (const one of [store, far]) await trial.stored(journal.seq, { store: one })
  await site.end('SIGTERM')
  trial.faults++
}

/** The process ends at a place that it comes to when the second output goes away, or comes back. */
async function killAt(both: Both, point: string): Promise<void> {
  const { trial, journal } = both
  const { site, broken } = trial
  site.start({ MCP_COLLECTOR_CRASH_AT: `${point}:1` })
  await site.ready().catch(() => undefined)
  // Else they are apart already.
  const isTogether = (): boolean => !site.isRunning || both.far.store.count() >= journal.seq
  await until('the second store has all', laneMs, isTogether)
  await outage(both)
  for (const end = performance.now() + laneMs; site.isRunning && performance.now() < end; ) await writeSome(journal)
  if (site.isRunning) broken.push(`"${point}" was not reached`)
  await site.end('SIGKILL')
  trial.faults++
}

async function killInEveryState(both: Both): Promise<void> {
  for (const point of points) await killAt(both, point)
  const { trial, far, journal } = both
  const { site, dice } = trial
  // stopped while the other one is down, killed while it catches up
  await far.stop()
  site.start()
  await site.ready()
  for (let block = 0; block < 30; block++) await writeSome(journal)
  await site.end('SIGTERM')
  journal.rotate()
  await far.resume()
  site.start()
  await writeSome(journal)
  await trial.kill(dice.between(300, 1500))
  trial.faults++
}

/** The second output is away until the lanes have parted, or a process was to end there: the other one has got what both can not. */
async function outage({ trial: { site, store }, far, journal }: Both): Promise<void> {
  await far.stop()
  const isApart = (): boolean => store.store.count() - far.store.count() > mostHeld
  for (const end = performance.now() + laneMs; site.isRunning && !isApart() && performance.now() < end; )
    await writeSome(journal)
  await far.resume()
}

async function writeSome(journal: Journal): Promise<void> {
  journal.write(100)
  await delay(20)
}

function sentAgain({ stats, store }: FakeElasticsearch): number {
  return stats.bulkRows - store.count()
}
