import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../core/clock.ts'
import { ExitError, exitCodes, messageOf, SendError } from '../core/errors.ts'
import { silentLog } from '../core/log.ts'
import { addLedger, type Ledger, newLedger } from '../core/outcome.ts'
import type { Output, Shipment, Verdicts } from '../core/output.ts'
import { noLink, type StoredState } from '../core/record.ts'
import type { Position } from '../core/source.ts'
import type { SourceStatus } from './collector.ts'
import type { Plan } from './plan.ts'
import { Shard } from './shard.ts'

const pollMs = 50
/** An output that fails for so long will not answer while somebody waits. */
const patienceMs = 5000
/** Rows of one kind that are listed; all are counted. */
const mostListed = 1000
/** Lines without an end stay so: only what the collector has cut is a row. */
const neverMs = 7 * 86_400_000

/** What is to be compared. */
export interface VerifyOptions {
  /** The one input with the one file, the one pipeline, and the one output. */
  readonly plan: Plan
  /** What is known of the file; without cursors, so that it is read from its start. */
  readonly stored: StoredState
  readonly hostId: string
  readonly hostName: string
  /** Why a row that is in no place may be so, in one word. */
  readonly why: (position: Position, length: number) => string
  readonly onProgress: (rows: number, source: SourceStatus) => void
}

/** A row that does not stand in the output exactly once. */
export interface StrangeRow {
  readonly position: Position
  readonly length: number
  /** Where it stands, none or several. */
  readonly places: readonly string[]
}

/** Rows that have something in common. */
export interface StrangeRows {
  rows: number
  /** The first ones of them. */
  readonly list: StrangeRow[]
}

export interface Comparison {
  /** Undefined where the file has no source: it is empty, or can not be read. */
  readonly source: SourceStatus | undefined
  /** Of the rows of the file: those that were looked for count as delivered. */
  readonly ledger: Ledger
  /** What is before was never read. */
  readonly startAt: Position
  /** Not in the output, by why. */
  readonly missing: Readonly<Record<string, StrangeRows>>
  /** In more than one place of it. */
  readonly double: StrangeRows
  /** Why the file could not be read. */
  readonly problems: readonly string[]
}

/**
 * Compares a file with an output: a run of the whole path from chunk to encoded row, by the code that delivers, with an output that
 * asks for each row instead of sending it. Nothing is stored and nothing is sent.
 */
export async function compare(options: VerifyOptions): Promise<Comparison> {
  const { plan, stored, hostId, hostName } = options
  const asked = new Asked(options.why)
  const [input] = plan.inputs
  const follow = { ...input!.follow, partialMs: neverMs, ignoreOlderMs: neverMs, exclude: [] }
  const start = { plan: { ...plan, inputs: [{ ...input!, follow }] }, stored, hostId, hostName, shard: 'verify' }
  const context = { link: noLink, clock: systemClock, log: silentLog }
  const shard = new Shard(start, { ...context, replace: { output: output => asked.instead(output) } })
  await shard.open()
  try {
    const [source] = shard.status().inputs[0]!.sources
    if (source !== undefined) {
      shard.read()
      await readAll(shard, { asked, size: source.size, onProgress: options.onProgress })
    }
    return comparisonOf(shard, asked, stored)
  } finally {
    await shard.drain(0)
  }
}

function comparisonOf(shard: Shard, asked: Asked, { sources }: StoredState): Comparison {
  const { inputs, problems } = shard.status()
  const [source] = inputs[0]!.sources
  const ledger = newLedger()
  for (const row of shard.ledgers()) addLedger(ledger, row.ledger)
  const startAt = Number(sources.find(({ id }) => id === source?.id)?.file['startAt'] ?? 0)
  const { missing, double } = asked
  return { source, ledger, startAt, missing, double, problems: problems.map(({ reason }) => reason) }
}

interface Reading {
  readonly asked: Asked
  /** Of the file when it was opened: what is added meanwhile does not matter. */
  readonly size: number
  readonly onProgress: VerifyOptions['onProgress']
}

async function readAll(shard: Shard, { asked, size, onProgress }: Reading): Promise<void> {
  for (let failingSince = Infinity; ; await delay(pollMs)) {
    const { inputs, outputs } = shard.status()
    const [source] = inputs[0]!.sources
    if (source === undefined) return
    onProgress(asked.rows, source)
    if (asked.fault !== undefined) throw asFailure(asked.fault)
    const [output] = outputs
    if (output!.state === 'idle' && shard.isAtEnd) return
    if (source.settled >= size) return
    const isFailing = output!.state === 'retrying' || output!.state === 'paused'
    failingSince = isFailing ? Math.min(failingSince, performance.now()) : Infinity
    if (performance.now() - failingSince > patienceMs) throw asFailure(output!.lastError)
  }
}

function asFailure(error: { readonly message: string } | undefined): ExitError {
  return new ExitError(error?.message ?? 'The output does not answer', exitCodes.failed)
}

/** Stands in for an output: asks where rows are. */
class Asked {
  rows = 0
  readonly missing: Record<string, StrangeRows> = {}
  readonly double: StrangeRows = { rows: 0, list: [] }
  /** What no repetition mends. */
  fault: Error | undefined
  readonly #why: VerifyOptions['why']

  constructor(why: VerifyOptions['why']) {
    this.#why = why
  }

  instead(output: Output): Output {
    const locate = output.locate?.bind(output)
    if (locate === undefined) throw new ExitError('This output can not be asked what it has', exitCodes.failed)
    return {
      encode: (batch, body) => output.encode(batch, body),
      send: (shipment, signal) => this.#ask(shipment, () => locate(shipment, signal)),
      close: async () => output.close?.()
    }
  }

  #note(row: StrangeRow): void {
    if (row.places.length > 0) return add(this.double, row)
    add((this.missing[this.#why(row.position, row.length)] ??= { rows: 0, list: [] }), row)
  }

  async #ask(shipment: Shipment, ask: () => ReturnType<NonNullable<Output['locate']>>): Promise<Verdicts> {
    try {
      for (const [row, places] of await ask()) {
        this.#note({ position: shipment.rowPositions[row]!, length: shipment.rowLengths[row]!, places })
      }
      this.rows += shipment.rows
      return { requestBytes: 0 }
    } catch (error) {
      if (!(error instanceof SendError) || error.fault === 'pause') this.fault = new Error(messageOf(error))
      throw error
    }
  }
}

function add(to: StrangeRows, row: StrangeRow): void {
  to.rows++
  if (to.list.length < mostListed) to.list.push(row)
}
