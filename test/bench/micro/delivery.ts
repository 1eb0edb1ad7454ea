/** What delivery costs a row beside the output: `node test/bench/micro/delivery.ts`. */
import { Batch } from '../../../src/core/batch.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLog } from '../../../src/core/log.ts'
import { Meter } from '../../../src/core/metrics.ts'
import { Body, type Output } from '../../../src/core/output.ts'
import type { StateLink } from '../../../src/core/record.ts'
import { Idle, type Source } from '../../../src/core/source.ts'
import { Delivery } from '../../../src/delivery/delivery.ts'
import { Track } from '../../../src/delivery/track.ts'

const rowBytes = 259
const rowsPerBatch = 506
const documentBytes = 410
const batches = 20_000

const source: Source = {
  id: 'bench',
  input: 'bench',
  resource: {},
  dataset: 'bench',
  service: '',
  agent: '',
  repeatsUntil: 0,
  marks: { nextCut: () => Number.POSITIVE_INFINITY, addCut: () => 0, parser: undefined, choose: () => 0 },
  read: () => Idle,
  marker: () => ''
}

/** Marks the rows, but writes nothing. */
const nullOutput: Output = {
  encode(batch: Batch, body: Body) {
    for (let row = 0; row < batch.rows; row++) {
      if (batch.fate[row] !== 0) continue
      body.reserve(documentBytes)
      body.at += documentBytes
      body.endRow(batch.positions[row]!, batch.lengths[row]!)
    }
  },
  send: async () => ({ requestBytes: 0 })
}

const link: StateLink = { append: () => 0, durable: 0, untilDurable: async () => {}, writable: true }

function batchOfRows(): Batch {
  const batch = new Batch(Buffer.alloc(rowBytes * rowsPerBatch))
  batch.source = source
  for (let row = 0; row < rowsPerBatch; row++) batch.addRow(row * rowBytes, (row + 1) * rowBytes, 0, rowBytes, 0)
  return batch
}

async function run(): Promise<number> {
  const delivery = new Delivery({}, nullOutput, {
    id: 'bench/null',
    link,
    clock: systemClock,
    log: silentLog,
    meter: new Meter()
  })
  const track = new Track(source, 'bench/null', undefined, 0)
  const batch = batchOfRows()
  const start = process.cpuUsage()
  for (let i = 0; i < batches; i++) {
    batch.base = track.read
    delivery.append(track, batch, track.read + rowBytes * rowsPerBatch, Number.POSITIVE_INFINITY, 0)
    if (!delivery.hasRoom()) await new Promise<void>(resolve => (delivery.onRoom = resolve))
  }
  delivery.flush()
  await delivery.drained()
  const { user, system } = process.cpuUsage(start)
  if (track.settled !== track.read) throw new Error('The track has not settled')
  await delivery.close()
  return ((user + system) * 1e3) / (batches * rowsPerBatch)
}

/** The same rows into one body, without delivery. */
function encodeOnly(): number {
  const batch = batchOfRows()
  const body = new Body(8 * 1024 * 1024)
  const start = process.cpuUsage()
  for (let i = 0; i < batches; i++) {
    if (body.at > 5 * 1024 * 1024) body.clear()
    nullOutput.encode(batch, body)
  }
  const { user, system } = process.cpuUsage(start)
  return ((user + system) * 1e3) / (batches * rowsPerBatch)
}

const runs: { readonly all: number; readonly encode: number }[] = []
for (let i = 0; i < 9; i++) runs.push({ all: await run(), encode: encodeOnly() })
for (const name of ['all', 'encode'] as const) {
  const sorted = runs.map(run => run[name]).sort((a, b) => a - b)
  const label = name === 'all' ? 'append + settle' : 'of that, marking rows in the body'
  console.log(`${label}: ${sorted[4]!.toFixed(1)} ns of CPU a row (best ${sorted[0]!.toFixed(1)})`)
}
