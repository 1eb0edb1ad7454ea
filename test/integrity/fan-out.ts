import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { Journal } from './journal.ts'
import { delay, until } from './process.ts'
import { Stopwatch } from './stopwatch.ts'
import { type Scenario, type Size, Trial } from './trial.ts'
import { judge, judgeLedger, type Verdict } from './verdict.ts'

const tight = 'max_in_flight_bytes: 256KiB, batch: { max_bytes: 64KiB }, retry: { min: 50ms, max: 500ms }'
const linesPerSecond = 1500
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
        return verdictOf(both)
      })
    } finally {
      await far.stop()
    }
  }
}

/** How long lines take to the output that is up: with the other one up, down, and while it catches up. */
async function compareTimes({ trial, far, journal }: Both, ms: number): Promise<void> {
  const { site, store, notes, broken } = trial
  const watch = new Stopwatch(journal, linesPerSecond, store)
  site.start()
  await site.ready()
  watch.start()
  const times: string[] = []
  const look = async (state: string): Promise<void> => {
    watch.take()
    await delay(ms)
    const { lines, p99, most } = watch.take()
    times.push(`${p99.toFixed(0)} ms (${state})`)
    if (lines === 0) broken.push(`nothing arrived while the other output was ${state}`)
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
  await stored({ trial, far, journal })
  await site.end('SIGTERM')
  trial.faults++
}

/** The process ends at a place that it comes to when the second output goes away, or comes back. */
async function killAt(both: Both, point: string): Promise<void> {
  const { trial, journal } = both
  const { site, dice, broken } = trial
  site.start({ MCP_COLLECTOR_CRASH_AT: `${point}:1` })
  await site.ready().catch(() => undefined)
  await outage(both, dice.between(300, 600))
  for (const end = performance.now() + 10_000; site.isRunning && performance.now() < end; ) await writeSome(journal)
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

/** The second output is away until its lane has parted. */
async function outage({ far, journal }: Both, ms: number): Promise<void> {
  await far.stop()
  for (const end = performance.now() + ms; performance.now() < end; ) await writeSome(journal)
  await far.resume()
}

async function writeSome(journal: Journal): Promise<void> {
  journal.write(100)
  await delay(20)
}

async function stored({ trial, far, journal }: Both): Promise<void> {
  await trial.stored(journal.seq)
  await until(`the other store has ${journal.seq} documents`, 60_000, () => far.store.count() >= journal.seq)
}

/** Both have everything, and each has its own account of it. */
async function verdictOf(both: Both): Promise<Verdict> {
  const { trial, far, journal } = both
  const { site, store, broken, notes } = trial
  site.start()
  await stored(both).catch((error: unknown) => void broken.push(`${String(error)}, but ${far.store.count()}`))
  await site.end('SIGTERM')
  const expected = { journals: { [journal.name]: journal.seq } }
  const one = judge(store.store.documents(), expected)
  const two = judge(far.store.documents(), expected)
  notes.push(`sent again after kills: ${sentAgain(store)} and ${sentAgain(far)} rows`)
  return trial.judged({
    rows: one.rows + two.rows,
    lost: one.lost + two.lost,
    twice: one.twice + two.twice,
    ghost: one.ghost + two.ghost,
    corrupt: one.corrupt + two.corrupt,
    ledger: judgeLedger(await site.verb('ledger', '--json'), journal.seq * 2)
  })
}

function sentAgain({ stats, store }: FakeElasticsearch): number {
  return stats.bulkRows - store.count()
}
