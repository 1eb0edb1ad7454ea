import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { Journal, linesOf } from './journal.ts'
import { until } from './process.ts'
import { Stopwatch } from './stopwatch.ts'
import { type Scenario, Trial } from './trial.ts'

/** A day of lines, each hour in a file of its own. */
const hours = 24
const linesAnHour = { quick: 500, short: 8000, long: 80_000 }
const liveLinesPerSecond = 1000
/** The backlog has to go so many times as fast as lines come. */
const leastDrain = 3
const mostLiveMs = 5000

/** An output is away for a day. When it comes back it gets the oldest lines first, and all of them, while the other one stays live. */
export const longOutage: Scenario = {
  id: 'T42',
  name: 'long outage, then catching up beside live lines',
  async run({ size, seed }) {
    const far = await FakeElasticsearch.start({ seed })
    const site = { outputs: { far: `endpoints: ["${far.url}"], retry: { min: 50ms, max: 500ms }` }, glob: '*.log*' }
    await far.stop()
    try {
      return await Trial.run(seed, { site }, async trial => {
        const day = new Journal(trial.site.logs, 'day')
        const live = new Journal(trial.site.logs, 'live')
        trial.site.start()
        await trial.site.ready()
        for (let hour = 0; hour < hours; hour++) {
          await day.fill(linesAnHour[size])
          if (hour % 6 === 0) await trial.stored(day.seq)
          if (hour === hours / 2) await trial.kill(0)
          if (hour === hours / 2) trial.site.start()
          day.rotate()
        }
        const watch = new Stopwatch(live, liveLinesPerSecond, trial)
        watch.start()
        const drained = await drain(far, day)
        watch.stop()
        const { most } = watch.take()
        const ratio = drained / liveLinesPerSecond
        trial.notes.push(`the backlog went at ${ratio.toFixed(0)} x the live rate`)
        trial.notes.push(`live lines took ${most.toFixed(0)} ms at most meanwhile`)
        if (size !== 'quick' && ratio < leastDrain)
          trial.broken.push(`it went at ${ratio.toFixed(1)} x the live rate only`)
        if (most > mostLiveMs) trial.broken.push(`a live line took ${most.toFixed(0)} ms`)
        for (const journal of [day, live]) journal.close()
        return trial.verdictOfEach([trial.store, far], linesOf([day, live]))
      })
    } finally {
      await far.stop()
    }
  }
}

/** Lines a second from the moment the output is back until it has the day. */
async function drain(far: FakeElasticsearch, day: Journal): Promise<number> {
  const began = performance.now()
  await far.resume()
  await until('the other store has the day', 120_000, () => far.store.count() >= day.seq)
  return day.seq / ((performance.now() - began) / 1000)
}
