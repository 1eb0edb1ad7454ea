import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import { RowList } from '../../core/row-list.ts'
import { AnyText, TextSearch } from '../../scan/text-search.ts'
import { type AgentFields, Field } from './fields.ts'
import { TextNumbers } from '../../core/text-numbers.ts'

/** What a row tells of its agent, besides that it is there. */
export const Telling = { nothing: 0, heartbeat: 1, connected: 2, failed: 3, leaving: 4 } as const
type Telling = (typeof Telling)[keyof typeof Telling]

/** A message says early what it is about. */
const mostBytes = 512

/** Of the field `event`. */
const mostValues = 4096
const longestValue = 64
const warn = 13
const error = 17

const heartbeat = searches('heartbeat')
const missing = searches('fail', 'miss', 'timeout', 'timed out', 'refused', 'lost', 'error', 'not ')
const connect = searches('connect')
const peer = searches('mcp', ' server')
const success = searches('connected', 'connection established', 'connection restored')
const failure = searches(
  'disconnect',
  'not ',
  'cannot',
  "n't",
  'fail',
  'refused',
  'timeout',
  'timed out',
  'unable',
  'lost',
  'error',
  'reset',
  'closed',
  'reject'
)
/** Messages without any of these do not say that their agent leaves. */
const departure = searches('stopp', 'shut', 'registered')
/** What an agent shuts down, or registers no more, while it goes on itself. */
const part =
  '(?:child|children|connection|pool|worker|thread|executor|socket|tool|plugin|task|job|session|stream|channel|handler|listener|client|consumer|producer|cache|queue|subprocess)(?:e?s)?'
const leaving = new RegExp(
  [
    String.raw`\bagent (?:has |is |was )?(?:stopp(?:ed|ing)|shut)\b(?! responding)`,
    String.raw`\bshutting down\b(?! (?:[^\s,;:()]+ ){0,3}${part}\b)`,
    String.raw`\bshutdown (?:complete|requested)\b`,
    String.raw`\bgraceful(?:ly)? shut`,
    String.raw`(?<!\b${part} (?:[^\s,;:()]+ ){0,3})\b(?:de|un)registered\b(?! (?:[^\s,;:()]+ ){0,3}${part}\b)`
  ].join('|')
)

const events: Readonly<Record<string, Telling>> = {
  heartbeat: Telling.heartbeat,
  agent_heartbeat: Telling.heartbeat,
  connected: Telling.connected,
  reconnected: Telling.connected,
  agent_connected: Telling.connected,
  mcp_connected: Telling.connected,
  connection_established: Telling.connected,
  connection_error: Telling.failed,
  connection_failed: Telling.failed,
  connection_lost: Telling.failed,
  connect_failed: Telling.failed,
  disconnected: Telling.failed,
  mcp_disconnected: Telling.failed,
  agent_disconnected: Telling.failed,
  auth_failure: Telling.failed,
  auth_failed: Telling.failed,
  stopped: Telling.leaving,
  shutdown: Telling.leaving,
  agent_stop: Telling.leaving,
  agent_stopped: Telling.leaving,
  agent_shutdown: Telling.leaving,
  agent_left: Telling.leaving,
  deregistered: Telling.leaving,
  agent_deregistered: Telling.leaving
}

/**
 * Finds the rows of a batch that tell something of their agents: by their message, or by their field `event`. A heartbeat that is a
 * warning is a missing one, and who logs an error is not leaving as it should. A text takes 5 ns a row, and only rows with the first
 * ones are looked at further.
 */
export class Tellings {
  /** By row of the batch that was read last. */
  of = new Uint8Array(0)
  readonly #fields: AgentFields
  #all = new Uint8Array(0)
  #some = new Uint8Array(0)
  #failed = new Uint8Array(0)
  #hits = new Uint8Array(0)
  /** Values of the field `event`, and what they tell. */
  readonly #values = new TextNumbers(mostValues, longestValue)
  #tells: (Telling | undefined)[] = []

  constructor(fields: AgentFields) {
    this.#fields = fields
  }

  read(batch: Batch): void {
    const { rows, body, fate } = batch
    if (this.of.length < rows) this.#grow(rows * 2)
    for (let row = 0; row < rows; row++) {
      this.of[row] = Telling.nothing
      this.#all[row] = fate[row] === 0 && body.kind[row] !== Kind.absent ? 1 : 0
    }
    this.#readHeartbeats(batch)
    this.#readConnections(batch)
    this.#readDepartures(batch)
    if (this.#fields.has(batch, Field.event)) this.#readEvents(batch)
  }

  #readHeartbeats(batch: Batch): void {
    const some = this.#some
    if (mark(batch, heartbeat, this.#all, some) === 0) return
    mark(batch, missing, some, this.#failed)
    for (let row = 0; row < batch.rows; row++) {
      if (some[row] === 1 && this.#failed[row] === 0) this.#set(batch, row, Telling.heartbeat)
    }
  }

  #readConnections(batch: Batch): void {
    const some = this.#some
    if (mark(batch, connect, this.#all, this.#hits) === 0 || mark(batch, peer, this.#hits, some) === 0) return
    mark(batch, failure, some, this.#failed)
    mark(batch, success, some, this.#hits)
    for (let row = 0; row < batch.rows; row++) {
      if (some[row] === 0) continue
      if (this.#failed[row] === 1) this.#set(batch, row, Telling.failed)
      else if (this.#hits[row] === 1) this.#set(batch, row, Telling.connected)
    }
  }

  #readDepartures(batch: Batch): void {
    const { rows, body, bytes } = batch
    const some = this.#some
    if (mark(batch, departure, this.#all, some) === 0) return
    for (let row = 0; row < rows; row++) {
      if (some[row] === 0) continue
      const start = body.start[row]!
      const text = bytes.latin1Slice(start, Math.min(body.end[row]!, start + mostBytes))
      if (leaving.test(text.toLowerCase())) this.#set(batch, row, Telling.leaving)
    }
  }

  #readEvents(batch: Batch): void {
    if (this.#values.count > mostValues / 2) {
      this.#values.clear()
      this.#tells = []
    }
    for (let row = 0; row < batch.rows; row++) {
      if (this.#all[row] === 0) continue
      const field = this.#fields.find(batch, row, Field.event)
      if (field < 0) continue
      const value = this.#values.find(batch.bytes, batch.fieldStart[field]!, batch.fieldEnd[field]!)
      if (value < 0) continue
      const telling = (this.#tells[value] ??= eventOf(this.#values.text(value)))
      if (telling !== Telling.nothing) this.#set(batch, row, telling)
    }
  }

  #set({ severity }: Batch, row: number, telling: Telling): void {
    const tooSevere = telling === Telling.heartbeat ? warn : telling === Telling.leaving ? error : Infinity
    if (severity[row]! < tooSevere) this.of[row] = telling
  }

  #grow(rows: number): void {
    this.of = new Uint8Array(rows)
    this.#all = new Uint8Array(rows)
    this.#some = new Uint8Array(rows)
    this.#failed = new Uint8Array(rows)
    this.#hits = new Uint8Array(rows)
  }
}

const list = new RowList()

/** Sets `hits` for those rows of `wanted` whose message has one of some texts; returns how many. */
function mark(batch: Batch, texts: AnyText, wanted: Uint8Array, hits: Uint8Array): number {
  const { rows, body } = batch
  hits.fill(0, 0, rows)
  list.fill(rows, wanted)
  texts.mark(batch, list, hits, body)
  let count = 0
  for (let row = 0; row < rows; row++) count += hits[row]!
  return count
}

function searches(...texts: readonly string[]): AnyText {
  return new AnyText(texts.map(text => new TextSearch(text, true)))
}

function eventOf(value: string): Telling {
  const name = value.toLowerCase().replaceAll(/[ .-]/g, '_')
  return Object.hasOwn(events, name) ? events[name]! : Telling.nothing
}
