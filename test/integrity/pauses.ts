import type { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { Journal } from './journal.ts'
import { readMessage } from './line.ts'
import { delay } from './process.ts'
import { atOnce, type Scenario, type Size, together, Trial } from './trial.ts'
import { messageIn, type Verdict } from './verdict.ts'

/** In place of the half minute between two attempts while a person is needed. */
const pauseSeconds = 1
const watchSeconds = { quick: 2, short: 8, long: 60 }
/** Pauses last half as long on average, by chance. */
const slack = 3
/** The first ones are shorter. */
const fewMore = 4
const drainSeconds = 5

interface State {
  readonly name: string
  /** Requests or rows are refused from now on, until what it returns is called. */
  readonly begin: (store: FakeElasticsearch) => () => void
}

const refusedRows = (status: number, reason: string) => (server: FakeElasticsearch) => {
  const { store } = server
  const { judge } = store
  store.judge = () => ({ status, type: 'cluster_block_exception', reason })
  return () => void (store.judge = judge)
}

const states: readonly State[] = [
  {
    name: '401',
    begin: server => {
      server.options = { ...server.options, authorization: 'ApiKey renewed' }
      return () => {
        const { authorization: _, ...options } = server.options
        server.options = options
      }
    }
  },
  {
    name: '403',
    begin: server => {
      server.options = { ...server.options, requests: { '403': 1 } }
      return () => void (server.options = { ...server.options, requests: {} })
    }
  },
  {
    name: 'flood stage',
    begin: refusedRows(429, 'blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]')
  },
  { name: 'read-only index', begin: refusedRows(403, 'blocked by: [FORBIDDEN/8/index write (api)]') }
]

/** A key runs out, a disk runs full: hardly a request goes out, nothing is lost, and the collector still stops in time. */
export const needsAPerson: Scenario = {
  id: 'T38',
  name: 'auth and flood stage',
  async run({ size, seed }) {
    const some = size === 'quick' ? [states[seed % states.length]!] : states
    return together(await atOnce(2, some, state => refuse(state, size, seed)))
  }
}

function refuse(state: State, size: Size, seed: number): Promise<Verdict> {
  const site = { output: `retry: { min: 50ms, max: ${pauseSeconds}s }`, drain: `${drainSeconds}s` }
  return Trial.run(seed, { site }, async trial => {
    const { site, store, broken, notes } = trial
    const journal = new Journal(site.logs, 'journal')
    journal.write(500)
    site.start()
    await trial.stored(500)
    const end = state.begin(store)
    trial.faults++
    await writeFor(journal, 1000)
    const before = store.stats.requests
    const began = performance.now()
    await writeFor(journal, watchSeconds[size] * 1000)
    const attempts = store.stats.requests - before
    const pauses = (performance.now() - began) / 1000 / pauseSeconds
    notes.push(`${state.name}: ${attempts} attempts in ${pauses.toFixed(0)} pauses`)
    if (attempts > slack * pauses + fewMore) broken.push(`${state.name}: ${attempts} attempts`)
    const ms = await site.end('SIGTERM')
    if (ms > (drainSeconds + 0.5) * 1000 * (size === 'long' ? 2 : slack))
      broken.push(`${state.name}: it ended after ${ms.toFixed(0)} ms`)
    site.start()
    await writeFor(journal, 500)
    end()
    return trial.verdict({ journals: { journal: journal.seq } })
  })
}

async function writeFor(journal: Journal, ms: number): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await delay(20)) journal.write(10)
}

const poisonEvery = 500
const poisonLines = { short: 100_000, long: 500_000 }

/** The server takes nothing for a while, and files are renamed, grow and fall silent meanwhile; then one row in each few requests is
 * refused for ever. */
export const slowAndPoisoned: Scenario = {
  id: 'T35',
  name: 'an output without room, files at rest, poison',
  run: ({ size, seed }) => {
    const output = 'max_in_flight_bytes: 1MiB, batch: { max_bytes: 256KiB }, retry: { min: 20ms, max: 500ms }'
    return Trial.run(seed, { site: { output, glob: '*.log*', input: 'partial_timeout: 200ms' } }, async trial => {
      const { site, store, notes } = trial
      const [a, b] = [new Journal(site.logs, 'a'), new Journal(site.logs, 'b')]
      store.options = { ...store.options, requests: { '429': 1 } }
      site.start()
      await site.ready()
      const began = performance.now()
      while (performance.now() - began < { quick: 1500, short: 8000, long: 60_000 }[size]) {
        for (const journal of [a, b]) journal.write(200)
        a.writeOpen()
        await delay(300)
        b.rotate()
      }
      await site.end('SIGKILL')
      trial.faults++
      site.start()
      await site.ready()
      store.options = { ...store.options, requests: {} }
      await trial.stored(a.seq + b.seq)
      // refusals that come last take ten seconds to be decided on
      if (size === 'quick') return trial.verdict({ journals: { a: a.seq, b: b.seq } })
      const clean = await rate(trial, a, poisonLines[size])
      store.store.judge = source => {
        const line = readMessage(messageIn(source))
        if (line?.file !== 'b' || line.seq % poisonEvery !== 0) return undefined
        return { status: 400, type: 'document_parsing_exception', reason: '[1:1] failed to parse field' }
      }
      const first = Math.ceil(b.seq / poisonEvery)
      const poisoned = await rate(trial, b, poisonLines[size], lines => Math.ceil(lines / poisonEvery) - first)
      notes.push(`with poison ${((poisoned / clean) * 100).toFixed(0)} % as fast as without`)
      const letters = Math.ceil(b.seq / poisonEvery) - first
      return trial.verdict({ journals: { a: a.seq, b: b.seq }, letters })
    })
  }
}

/** Lines a second from their write to the last one's arrival. */
async function rate(
  { store }: Trial,
  journal: Journal,
  lines: number,
  refusedOf: (lines: number) => number = () => 0
): Promise<number> {
  const began = performance.now()
  const before = store.store.count()
  await journal.fill(lines)
  const expected = before + lines - refusedOf(journal.seq)
  while (store.store.count() < expected && performance.now() - began < 60_000) await delay(10)
  return lines / ((performance.now() - began) / 1000)
}
