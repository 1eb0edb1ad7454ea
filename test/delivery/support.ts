import { Batch } from '../../src/core/batch.ts'
import { Fate } from '../../src/core/row.ts'
import type { Clock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { pendingRows } from '../../src/core/outcome.ts'
import type { Body, Output, Shipment, Verdicts } from '../../src/core/output.ts'
import type { DeadLetter, StateLink, StateRecord } from '../../src/core/record.ts'
import type { Source } from '../../src/core/source.ts'
import { Delivery } from '../../src/delivery/delivery.ts'
import type { DeliveryOptions } from '../../src/delivery/options.ts'
import { Track } from '../../src/delivery/track.ts'
import { FakeClock } from '../fakes/clock.ts'
import { randomOf } from '../fakes/random.ts'
import { sourceOf } from '../fakes/source.ts'

/** A chunk whose rows are the texts, one line each. */
export function batchOf(source: Source, base: number, texts: readonly string[], fates: readonly number[] = []): Batch {
  const bytes = Buffer.from(texts.map(text => `${text}\n`).join(''))
  const batch = new Batch(bytes)
  batch.source = source
  batch.base = base
  batch.size = batch.used = bytes.length
  let at = 0
  for (const [i, text] of texts.entries()) {
    const length = Buffer.byteLength(text)
    const row = batch.addRow(at, at + length, base + at, length + 1, 0)
    batch.fate[row] = fates[i] ?? Fate.kept
    at += length + 1
  }
  return batch
}

/** State that is durable `ms` after it was handed over. */
class FakeLink implements StateLink {
  durable = 0
  writable = true
  readonly letters: DeadLetter[] = []
  ms = 5
  #appended = 0
  #waiting: { number: number; resolve: () => void }[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  append(records: readonly StateRecord[]): number {
    const number = ++this.#appended
    this.#clock.after(this.ms, () => {
      for (const record of records) if (record.kind === 'letter') this.letters.push(record.letter)
      this.reach(number)
    })
    return number
  }

  untilDurable(number: number): Promise<void> {
    if (this.durable >= number) return Promise.resolve()
    return new Promise(resolve => this.#waiting.push({ number, resolve }))
  }

  reach(number: number): void {
    this.durable = Math.max(this.durable, number)
    for (const wait of this.#waiting) if (wait.number <= this.durable) wait.resolve()
    this.#waiting = this.#waiting.filter(wait => wait.number > this.durable)
  }
}

export interface Sent {
  readonly at: number
  readonly rows: readonly string[]
  readonly attempt: number
  readonly unknown: boolean
}

type Answer = (rows: readonly string[], shipment: Shipment) => Verdicts | Promise<Verdicts>

/** Writes a row as `<source>:<position>:<text>\n`, and answers as the test says. */
class FakeOutput implements Output {
  readonly sent: Sent[] = []
  running = 0
  mostRunning = 0
  latencyMs = 20
  closed = false
  prepared = 0
  prepareFault: Error | undefined
  answer: Answer
  readonly #clock: FakeClock

  constructor(clock: FakeClock, answer: Answer = rows => delivered(rows)) {
    this.#clock = clock
    this.answer = answer
  }

  encode(batch: Batch, body: Body): void {
    for (let row = 0; row < batch.rows; row++) {
      if (batch.fate[row] !== Fate.kept) continue
      const text = batch.text(batch.starts[row]!, batch.ends[row]!)
      const bytes = Buffer.from(`${batch.source.id}:${batch.positions[row]!}:${text}\n`)
      body.reserve(bytes.length)
      bytes.copy(body.bytes, body.at)
      body.at += bytes.length
      body.endRow(batch.positions[row]!, batch.lengths[row]!)
    }
  }

  async prepare(_signal: AbortSignal): Promise<string> {
    this.prepared++
    if (this.prepareFault !== undefined) throw this.prepareFault
    return 'fake'
  }

  async send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    const rows = rowsOf(shipment)
    this.sent.push({ at: this.#clock.monotonic(), rows, attempt: shipment.attempt, unknown: shipment.unknown })
    this.mostRunning = Math.max(this.mostRunning, ++this.running)
    try {
      await Promise.race([this.#clock.wait(this.latencyMs), aborted(signal)])
      return await this.answer(rows, shipment)
    } finally {
      this.running--
    }
  }

  salt(row: Buffer): Buffer {
    return Buffer.from(`salted-${row.toString()}`)
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

export const delivered = (rows: readonly string[]): Verdicts => ({ requestBytes: rows.join('').length })

/** An answer row by row; `refused` gets the type. */
export function judged(rows: readonly string[], verdict: (row: string, index: number) => number, type = 'mapping') {
  const verdicts = Uint8Array.from(rows, verdict)
  const refusals = new Map()
  for (const [row, value] of verdicts.entries()) if (value === 3) refusals.set(row, { status: 400, type, reason: 'no' })
  return { each: { verdict: verdicts, refusals }, requestBytes: rows.length }
}

function rowsOf(shipment: Shipment): string[] {
  const rows: string[] = []
  for (let row = 0; row < shipment.rows; row++) {
    const start = row === 0 ? 0 : shipment.rowEnds[row - 1]!
    rows.push(shipment.bytes.utf8Slice(start, shipment.rowEnds[row]!))
  }
  return rows
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('Aborted'))))
}

/** A delivery with all its surroundings, and one source to append to. */
export function roomOf(options: Partial<DeliveryOptions> = {}, repeatsUntil = 0) {
  const clock = new FakeClock()
  const link = new FakeLink(clock)
  const output = new FakeOutput(clock)
  const meter = new Meter()
  const logged: string[] = []
  const warned: string[] = []
  const log = {
    ...silentLog,
    error: (message: string) => logged.push(message),
    warn: (message: string) => warned.push(message)
  }
  const all = { random: randomOf(7), poison: true, ...options }
  const delivery = new Delivery(all, output, { id: 'main/es', link, clock, log, meter })
  const track = new Track(sourceOf({ id: 'a', repeatsUntil }), 'main/es', undefined, 0)
  const append = (texts: readonly string[], barrier = 0, fates: readonly number[] = []): void => {
    const batch = batchOf(track.source, track.read, texts, fates)
    delivery.append(track, batch, track.read + batch.size, Number.POSITIVE_INFINITY, barrier)
    batch.bytes.fill(0xdd)
  }
  const pending = (): number => pendingRows(track.ledger())
  const end = (name: keyof typeof endIndex): number => track.ledger().rows[endIndex[name]]!
  return { clock, link, output, meter, logged, warned, delivery, track, append, pending, end }
}

const endIndex = {
  delivered: 0,
  duplicate: 1,
  filtered: 2,
  sampled: 3,
  throttled: 4,
  deduplicated: 5,
  dead_lettered: 6
}

export const texts = (rows: number, length = 10): string[] =>
  Array.from({ length: rows }, (_, i) => String(i).padEnd(length, '.'))
