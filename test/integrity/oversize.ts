import { lineOf } from './line.ts'
import { Journal } from './journal.ts'
import { type Scenario, together, Trial } from './trial.ts'

const limitBytes = 1_000_000
const batchBytes = 8 << 20
/** One line that no request can hold. */
const largeLine = 700
const largeBytes = 2_000_000

/** A server that takes less than a batch: what does not fit is halved, the size is remembered, and one line is too large for ever. */
export const tooLargeRequests: Scenario = {
  id: 'T36',
  name: 'requests too large',
  async run({ size, seed }) {
    const rows = { quick: 20_000, short: 100_000, long: 1_000_000 }[size]
    const ways = size === 'quick' ? [(['status', 'cut'] as const)[seed % 2]!] : (['status', 'cut'] as const)
    return together(await Promise.all(ways.map(way => refuse(way, { rows, seed }))))
  }
}

function textOf(name: string, seq: number): string {
  const line = lineOf(name, seq)
  return seq === largeLine ? `${line} ${'x'.repeat(largeBytes)}` : line
}

function refuse(overMaxBody: 'status' | 'cut', { rows, seed }: { rows: number; seed: number }) {
  const input = 'max_line_bytes: 4MiB'
  const output = `batch: { max_bytes: 8MiB, flush: 1s }, max_in_flight_bytes: 16MiB, retry: { min: 20ms, max: 200ms }`
  const options = { site: { input, output }, fake: { maxBody: limitBytes, overMaxBody } }
  return Trial.run(seed, options, async trial => {
    const { site, store, broken, notes } = trial
    const journal = new Journal(site.logs, 's', textOf)
    await journal.fill(rows)
    site.start()
    const verdict = await trial.verdict({ journals: { s: rows }, letters: 1 })
    const { tooLarge } = store.stats
    trial.faults += tooLarge
    const bound = mostRefusals(overMaxBody)
    notes.push(`${overMaxBody}: ${tooLarge} requests were too large`)
    if (tooLarge > bound) broken.push(`${overMaxBody}: ${tooLarge} requests were too large, more than ${bound}`)
    return { ...verdict, faults: tooLarge }
  })
}

/** Halvings until a batch fits, while another one may be on its way; then those that find the one row in a request of its size. A cut
 * connection says less: it takes several to be believed. */
function mostRefusals(way: 'status' | 'cut'): number {
  const halvings = Math.ceil(Math.log2(batchBytes / limitBytes)) + 1
  const search = Math.ceil(Math.log2(10_000)) + 1
  return (2 * halvings + search) * (way === 'cut' ? 5 : 1)
}
