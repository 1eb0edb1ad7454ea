import type { OutputContext } from '../../config/define.ts'
import type { Shipment } from '../../core/output.ts'
import { withoutReply } from '../lost-answers.ts'
import type { Client } from './client.ts'
import { jsonHeaders, ofStatus } from './send.ts'
import { idOf, streamOf } from './rows.ts'

const refreshMs = 60_000
/** Rows of an earlier run are looked for in the indices that there were so long ago at most: asking before each request costs as much
 * CPU as a tenth of what the rows do. Rows whose request failed in this run are looked for in those that there are now. Either
 * way a data stream may roll over before the rows are there: the answer to them tells. */
const lookAgainMs = 1000
/** How long a former write index is remembered over restarts. */
const formerMs = 3_600_000
const idsPerLookup = 5000
const noteKey = 'write_indices'

/** Write indices of a data stream that rows without a verdict may be in, the oldest first; the last one is in use. */
interface Known {
  readonly index: string
  /** Epoch ms when it was seen to be no longer the write index; 0 while it is. */
  readonly until: number
}

/** What is known of rows before they are sent again. */
export interface Doubt {
  /** 1: the row stands in a former backing index. */
  readonly found: Uint8Array | undefined
  /** Rows could not be looked up; those that are created now may stand twice. */
  readonly isBlind: boolean
  /** Write index of each data stream when they were looked up: those that are created elsewhere may stand there already. Without
   * those that did not exist. */
  readonly writeIndices: ReadonlyMap<string, string>
  /** Data stream of rows that name none. */
  readonly stream: string
}
export const noDoubt: Doubt = { found: undefined, isBlind: false, writeIndices: new Map(), stream: '' }

/**
 * An id is known to one backing index only. Rows whose data stream has rolled over since they may have been accepted are
 * therefore looked up in the former backing indices before they are sent again.
 */
export class BackingIndices {
  readonly #client: Client
  readonly #context: OutputContext
  readonly #stream: string
  #known = new Map<string, readonly Known[]>()
  /** Oldest index that rows of earlier runs may be in; empty where all that exist may have some. */
  readonly #before = new Map<string, string>()
  /** Replaced, not changed: shipments keep it. */
  #current: ReadonlyMap<string, string> = new Map()
  #refreshedAt = Number.NEGATIVE_INFINITY
  /** By data stream: what was seen last. */
  readonly #seen = new Map<string, { readonly at: number; readonly indices: readonly string[] | undefined }>()
  #isForbidden = false
  /** Resolves once the last note is durable; undefined when it is. */
  #noted: Promise<void> | undefined
  readonly #isFirstRun: boolean

  constructor(client: Client, context: OutputContext, stream: string) {
    this.#client = client
    this.#context = context
    this.#stream = stream
    this.#isFirstRun = context.note(noteKey) === undefined
    for (const [name, known] of readNote(context.note(noteKey))) {
      this.#known.set(name, known)
      if (known[0] !== undefined) this.#before.set(name, known[0].index)
    }
  }

  /** Write index of each stream, as of now. */
  get current(): ReadonlyMap<string, string> {
    return this.#current
  }

  /** Asks the server for the write indices: of new data streams at once, of all of them once a minute. They are noted before
   * the first row is sent there, as a run that is killed then leaves rows that the next one has to look for. */
  async refresh(streams: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const now = this.#context.clock.monotonic()
    if (now - this.#refreshedAt < refreshMs && this.#current.size === streams.size) return
    this.#refreshedAt = now
    for (const stream of streams) await this.#look(stream, signal)
  }

  /** A data stream has rolled over since the last look. */
  lookAgain(): void {
    this.#seen.clear()
  }

  /** Looks for the rows of a shipment that may have been accepted before. `since`: write indices when it was first sent. Rows are
   * only touched where a data stream has former indices, which is rare. */
  async find(shipment: Shipment, since: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Doubt> {
    let found: Uint8Array | undefined
    let isBlind = this.#isForbidden
    const writeIndices = new Map<string, string>()
    for (const stream of this.#current.keys()) {
      const indices = await this.#indicesFor(stream, shipment, signal)
      isBlind ||= indices === undefined
      const last = indices?.at(-1)
      if (indices === undefined || last === undefined) continue
      writeIndices.set(stream, last)
      const former = this.#formerOf(stream, indices, shipment, since)
      if (former.length === 0) continue
      const rows = this.#doubtfulRows(shipment, stream)
      for (const index of former) {
        const known = await this.#lookUp(index, shipment, rows, signal)
        isBlind ||= known === undefined
        if (known === undefined || known.length === 0) continue
        found ??= new Uint8Array(shipment.rows)
        for (const row of known) found[row] = 1
      }
    }
    return { found, isBlind, writeIndices, stream: this.#stream }
  }

  #doubtfulRows(shipment: Shipment, stream: string): number[] {
    const rows: number[] = []
    for (let row = 0; row < shipment.rows; row++) {
      if (!shipment.unknown && shipment.mayRepeat?.[row] !== 1) continue
      if ((streamOf(shipment, row) ?? this.#stream) === stream) rows.push(row)
    }
    return rows
  }

  async #indicesFor(stream: string, shipment: Shipment, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const seen = this.#seen.get(stream)
    const isFresh = seen !== undefined && this.#context.clock.monotonic() - seen.at < lookAgainMs
    return isFresh && !shipment.unknown ? seen.indices : await this.#look(stream, signal)
  }

  /** The former ones among the indices of a data stream that rows of the shipment may be in. */
  #formerOf(
    stream: string,
    indices: readonly string[],
    shipment: Shipment,
    since: ReadonlyMap<string, string>
  ): readonly string[] {
    const starts: number[] = []
    if (shipment.unknown) starts.push(indices.indexOf(since.get(stream) ?? ''))
    if (shipment.mayRepeat !== undefined) starts.push(indices.indexOf(this.#before.get(stream) ?? ''))
    return indices.slice(Math.max(0, Math.min(...starts)), -1)
  }

  async #look(stream: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const at = this.#context.clock.monotonic()
    const indices = await this.#indices(stream, signal)
    this.#seen.set(stream, { at, indices })
    return indices
  }

  /** All backing indices of a data stream, the write index last; undefined where the key must not see them. */
  async #indices(stream: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    if (this.#isForbidden) return undefined
    const path = `/_data_stream/${stream}?filter_path=data_streams.indices.index_name`
    const reply = await this.#client.request({ method: 'GET', path, headers: jsonHeaders, signal }).catch(withoutReply)
    if (reply.status === 404) {
      await this.#learn(stream, undefined, signal)
      return []
    }
    if (reply.status === 403 || reply.status === 405 || reply.status === 400) {
      this.#isForbidden = true
      this.#context.log.warn(
        `Cannot see data stream "${stream}": status ${reply.status}, repeats across a rollover are only counted`
      )
      return undefined
    }
    if (reply.status !== 200) throw ofStatus(reply)
    const parsed = JSON.parse(reply.body.toString()) as { data_streams?: { indices?: { index_name: string }[] }[] }
    const names = parsed.data_streams?.[0]?.indices?.map(index => index.index_name) ?? []
    await this.#learn(stream, names.at(-1), signal)
    return names
  }

  async #learn(stream: string, found: string | undefined, signal: AbortSignal): Promise<void> {
    this.#note(stream, found)
    const noted = this.#noted
    if (noted === undefined) return
    await settledOrAborted(noted, signal)
    if (this.#noted === noted) this.#noted = undefined
  }

  #note(stream: string, found: string | undefined): void {
    const now = this.#context.clock.now()
    // Before the first document there is no data stream: all of its indices are then later ones.
    const index = found ?? ''
    this.#current = new Map(this.#current).set(stream, index)
    // An earlier run may have sent to a data stream and ended before it had noted that.
    if (!this.#before.has(stream)) this.#before.set(stream, this.#isFirstRun ? index : '')
    const known = this.#known.get(stream) ?? []
    const former = known
      .map(each => (each.until === 0 && each.index !== index ? { ...each, until: now } : each))
      .filter(each => each.index !== index && now - each.until < formerMs)
    if (former.length + 1 === known.length && known.at(-1)?.index === index) return
    this.#known.set(stream, [...former, { index, until: 0 }])
    this.#noted = this.#context.setNote(noteKey, JSON.stringify([...this.#known]))
  }

  /** Which of the rows stand in this index; undefined where the key must not read. */
  async #lookUp(
    index: string,
    shipment: Shipment,
    rows: readonly number[],
    signal: AbortSignal
  ): Promise<readonly number[] | undefined> {
    const found: number[] = []
    for (let from = 0; from < rows.length; from += idsPerLookup) {
      const part = rows.slice(from, from + idsPerLookup)
      const path = `/${encodeURIComponent(index)}/_mget?_source=false&filter_path=docs._id,docs.found`
      const body = JSON.stringify({ ids: part.map(row => idOf(shipment, row)) })
      const reply = await this.#client
        .request({ method: 'POST', path, headers: jsonHeaders, body, maxReply: 16 << 20, signal })
        .catch(withoutReply)
      if (reply.status === 403) return undefined
      if (reply.status === 404) return []
      if (reply.status !== 200) throw ofStatus(reply)
      const { docs } = JSON.parse(reply.body.toString()) as { docs?: { found?: boolean }[] }
      for (let i = 0; i < part.length; i++) if (docs?.[i]?.found === true) found.push(part[i]!)
    }
    return found
  }
}

function readNote(note: string | undefined): Map<string, readonly Known[]> {
  try {
    return new Map(JSON.parse(note ?? '[]') as [string, Known[]][])
  } catch {
    return new Map()
  }
}

function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const stop = (): void => {
      signal.removeEventListener('abort', stop)
      resolve()
    }
    signal.addEventListener('abort', stop)
    void promise.then(stop)
  })
}
