import { type Hostility, HostileServer } from '../fakes/hostile-server.ts'
import { memoryOf } from '../fakes/memory.ts'
import { Journal } from './journal.ts'
import { delay, until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'

const modes: readonly Hostility[] = [
  'hang',
  'trickle',
  'endless-body',
  'endless-headers',
  'reset',
  'redirect',
  'garbage'
]
/** Of the reply to a small request, and what stands in buffers of the system. */
const mostReplyBytes = (4 << 20) + (8 << 20)
const mostGrowthMiB = 20

/** A server that does everything a server must not do: nobody waits for ever, nothing grows, nothing is lost. */
export const hostileServer: Scenario = {
  id: 'T39',
  name: 'hostile server',
  run({ size, seed }) {
    const rounds = { quick: 1, short: 2, long: 50 }[size]
    const some = size === 'quick' ? modes.filter((_, i) => (i + seed) % 3 === 0) : modes
    const output = 'timeout: 300ms, retry: { min: 20ms, max: 100ms }'
    return Trial.run(seed, { site: { output } }, async trial => {
      const { site, store, broken, notes } = trial
      const hostile = await HostileServer.before(store.url)
      const journal = new Journal(site.logs, 'h')
      try {
        site.pointTo('http://no-such-host.invalid:9200')
        journal.write(100)
        site.start()
        await until('it says that there is no such host', 20_000, () => /no such host|looked up/.test(site.messages))
        trial.faults++
        await site.end('SIGTERM')
        site.pointTo(hostile.url)
        site.start()
        await trial.stored(journal.seq)
        const { pid } = site.collector!
        const peaks: number[] = []
        for (let round = 0; round < rounds; round++) {
          let peak = 0
          for (const mode of some) {
            hostile.become(mode)
            trial.faults++
            const met = hostile.requests.get(mode) ?? 0
            for (let step = 0; step < 10; step++, await delay(50)) journal.write(20)
            // A request is given up after five times its timeout, and followed by another one.
            const isMet = (): boolean => (hostile.requests.get(mode) ?? 0) >= met + 2
            await until(`a second request meets ${mode}`, 20_000, isMet)
            peak = Math.max(peak, memoryOf(pid!).resident)
            hostile.become('pass')
            await trial.stored(journal.seq)
          }
          peaks.push(peak)
        }
        // The first round brings everything into memory that is ever used.
        const growth = Math.max(...peaks) - peaks[0]!
        if (hostile.mostTaken > mostReplyBytes) broken.push(`it took ${hostile.mostTaken} bytes of one answer`)
        notes.push(
          `memory: ${peaks[0]!.toFixed(0)} MiB at most in the first round, ${growth.toFixed(0)} MiB more later`
        )
        if (growth > mostGrowthMiB) broken.push(`memory grew by ${growth.toFixed(0)} MiB`)
        return await trial.verdict({ journals: { h: journal.seq } })
      } finally {
        await hostile.stop()
      }
    })
  }
}
