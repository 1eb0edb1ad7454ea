import { delay, until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'

const bytesInFlight = 16 * 1024 * 1024
const kills = { quick: 4, short: 20, long: 500 }
/** So that the longest run stays within 200 MB. */
const bytesPerSecond = { quick: 1_000_000, short: 1_000_000, long: 200_000 }

/** Else hardly a row would be on its way at the moment of a kill: nothing of such a request is stored. */
const hanging = { hang: 0.15 }

/** SIGKILL at random moments while four files are written and rotated. */
export const noLossOnKill: Scenario = {
  id: 'T01',
  name: 'no loss on kill',
  run: ({ size, seed, kills: wanted = kills[size] }) =>
    Trial.run(seed, { site: { glob: '*.log*' }, fake: { requests: hanging } }, async trial => {
      const { dice, site, store } = trial
      const writer = site.writer({ files: 4, bytesPerSecond: bytesPerSecond[size], rotateEvery: 4000 })
      const firsts: number[] = []
      let mostResent = 0
      for (let kill = 0; kill < wanted; kill++) {
        const resent = store.stats.bulkRows - store.store.count()
        const first = firstDelivery(trial)
        site.start()
        // one in four dies while it starts; of the others most live long enough to store cursors, which takes a second
        const diesEarly = dice.next() < 0.25
        if (!diesEarly) await site.ready()
        await trial.kill(diesEarly ? dice.between(0, 600) : dice.between(0, 5000))
        const took = await first
        if (took !== undefined) firsts.push(took)
        mostResent = Math.max(mostResent, store.stats.bulkRows - store.store.count() - resent)
      }
      store.options = { ...store.options, requests: {} }
      site.start()
      await delay(500)
      const journals = await writer.stop()
      const verdict = await trial.verdict({ journals })
      const rowBytes = store.stats.bulkBytes / store.stats.bulkRows
      // what was in flight, and what was delivered within the second before, since cursors are stored once a second
      const bound = (2 * bytesInFlight) / rowBytes
      if (mostResent > bound) trial.broken.push(`${mostResent} rows were sent again after one kill`)
      const sorted = firsts.toSorted((a, b) => a - b)
      const median = sorted[sorted.length >> 1] ?? 0
      const worst = sorted.at(-1) ?? 0
      trial.notes.push(`resent per kill at most ${mostResent} rows`)
      trial.notes.push(`restart → first delivery ${median.toFixed(0)} ms, at most ${worst.toFixed(0)} ms`)
      return verdict
    })
}

/** Ms from now to the next bulk request; undefined when the collector ends before. */
async function firstDelivery({ site, store }: Trial): Promise<number | undefined> {
  const began = performance.now()
  const before = store.stats.bulkRequests
  await delay(0)
  await until('', 10_000, () => store.stats.bulkRequests > before || !site.isRunning).catch(() => undefined)
  return store.stats.bulkRequests > before ? performance.now() - began : undefined
}
