import { statSync } from 'node:fs'
import type { NamedLedgerRow } from '../../src/pipeline/collector.ts'
import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { statusOf } from './status.ts'
import { type Scenario, type Size, Trial } from './trial.ts'
import { type Gap, judge, judgeLedger, type Verdict } from './verdict.ts'

/** What the output may be behind, and rows on their way. */
const mebi = 2 ** 20
const mostBehind = { quick: mebi, short: 4 * mebi, long: 64 * mebi }
const onTheirWay = mebi / 4
/** A chunk may reach over that. */
const chunkBytes = mebi / 8
const linesOfDay = { quick: 16_000, short: 80_000, long: 1_000_000 }
/** Files of an hour each. */
const hours: Record<Size, number> = { quick: 8, short: 24, long: 24 }
const kills: Record<Size, number> = { quick: 1, short: 2, long: 10 }

/** An output that is away for a day, and may be behind by so much: the oldest lines are given up, but for those on their way, and counted
 * one by one; nothing else is. */
export const givenUp: Scenario = {
  id: 'T42',
  name: 'long outage, the oldest lines given up',
  run: ({ size, seed }) => givesUp(size, seed)
}

function givesUp(size: Size, seed: number): Promise<Verdict> {
  const batch = `max_in_flight_bytes: ${onTheirWay}, batch: { max_bytes: 64KiB }, retry: { min: 50ms, max: 500ms }`
  const output = `${batch}, max_backlog: { bytes: ${mostBehind[size]} }`
  const options = { site: { output, input: 'scan_interval: 100ms', glob: '*.log*' }, fake: { requests: { '503': 1 } } }
  return Trial.run(seed, options, async trial => {
    const { site, store, dice, notes } = trial
    const day = new Journal(site.logs, 'day')
    site.start()
    await site.ready()
    const files = hours[size]
    const killed = new Set(Array.from({ length: kills[size] }, () => dice.between(files / 3, files - 2)))
    let bytes = 0
    for (let hour = 0; hour < files; hour++) {
      bytes += day.write(Math.ceil(linesOfDay[size] / files))
      await delay(300)
      day.rotate()
      if (!killed.has(hour)) continue
      await trial.kill(dice.between(0, 500))
      site.start()
      await site.ready()
    }
    await untilGivenUp(trial, `${day.path}.1`, mostBehind[size])
    store.options = {}
    await trial.quiet(2000)
    day.close()
    await site.end('SIGTERM')
    const { gone, ...count } = judge(store.store.documents(), {
      journals: { day: day.seq },
      gaps: [{ file: 'day', from: 0, to: day.seq }]
    })
    const json = await site.verb('ledger', '--json')
    trial.broken.push(...faultsIn(gone, { lines: day.seq, bytes }, { json, size }))
    notes.push(`${gone.length} of ${day.seq} lines were given up`)
    return trial.judged({ ...count, ledger: judgeLedger(json, day.seq) })
  })
}

/** Waits until the collector has seen the newest file, and given up what is too much. */
async function untilGivenUp({ site }: Trial, newest: string, limit: number): Promise<void> {
  const { size } = statSync(newest)
  for (const end = performance.now() + 60_000; performance.now() < end; await delay(100)) {
    const status = await statusOf(site)
    const sources = status?.inputs.flatMap(input => input.sources) ?? []
    const unread = sources.reduce((sum, source) => sum + source.size - source.read, 0)
    if (status !== undefined && sources.some(source => source.size === size) && unread <= limit * 1.1) return
  }
}

function faultsIn(
  gone: readonly Gap[],
  { lines, bytes }: { lines: number; bytes: number },
  { json, size }: { json: string; size: Size }
): string[] {
  const faults: string[] = []
  const { rows } = JSON.parse(json) as { rows: readonly NamedLedgerRow[] }
  const counted = rows.reduce((sum, { ledger }) => sum + (ledger.lost.backlog_evicted ?? 0), 0)
  if (counted !== gone.length) faults.push(`${gone.length} lines are missing, ${counted} are counted`)
  const lineBytes = bytes / lines
  // they come in order, and may be too many to be arguments
  const newest = gone.at(-1)?.from ?? -1
  const kept = (lines - newest - 1) * lineBytes
  if (kept < mostBehind[size] * 0.8 || kept > mostBehind[size] * 1.3)
    faults.push(`the newest ${kept.toFixed()} bytes were kept, ${mostBehind[size]} was the limit`)
  // A document takes more bytes than its line.
  const older = (newest + 1 - gone.length) * lineBytes
  if (older > (onTheirWay + chunkBytes) * (kills[size] + 1))
    faults.push(`${older.toFixed()} bytes of older lines were kept`)
  return faults
}
