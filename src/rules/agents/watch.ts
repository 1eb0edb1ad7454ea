import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Kind } from '../../core/row.ts'
import { agentOf, longestAgent, type Source } from '../../core/source.ts'
import { AgentFields, Field } from './fields.ts'
import { TextNumbers } from '../../core/text-numbers.ts'
import { type AgentDelta, type AgentSighting, type KnownBy, leavingMs, mostBeats } from './sighting.ts'
import { Telling, Tellings } from './tellings.ts'

/** Agents in a delta. */
const mostSeen = 16_384
const systemError = /\bE[A-Z]{4,20}\b/

/** What an input says of its rows. */
export interface AgentInput {
  /** We make its rows ourselves: whoever they are about has not said them. */
  readonly feed?: object
}

/**
 * Sees which agents rows are of, on a thread that reads. An agent is known by its `agent_id`, else by its input or its pod, else as
 * `service@host` where the input names a service, and so is that of one program. Rows without any of these are of no agent and cost
 * nothing. A row of an agent that was seen since the last delta costs a look-up over bytes and a search in its message, 60 to 100 ns.
 */
export class AgentWatch {
  readonly #fields: AgentFields
  readonly #tellings: Tellings
  #seen = new Map<string, AgentSighting>()
  #refused = 0
  /** Agents by what stands in rows: ids, and services of rows without one. */
  readonly #ids = new TextNumbers(mostSeen, longestAgent)
  readonly #services = new TextNumbers(mostSeen, longestAgent)
  #byId: (AgentSighting | undefined)[] = []
  #byService: (AgentSighting | undefined)[] = []
  #source: Source | undefined
  #host = ''
  /** Who rows of the source are of that name nobody; empty: their service. */
  #named = ''
  /** Those rows are of an agent. */
  #isOfAgents = false
  readonly #inputOf: (name: string) => AgentInput | undefined

  constructor(keys: Keys, inputOf: (name: string) => AgentInput | undefined = () => undefined) {
    this.#inputOf = inputOf
    this.#fields = new AgentFields(keys)
    this.#tellings = new Tellings(this.#fields)
  }

  /** Looks at the rows of a batch, behind `normalize`. */
  observe(batch: Batch): void {
    if (this.#inputOf(batch.source.input)?.feed !== undefined) return
    this.#enter(batch.source)
    if (!this.#isOfAgents && !hasIds(batch)) return
    this.#fields.refresh()
    this.#tellings.read(batch)
    const { of } = this.#tellings
    const { rows, fate, time, readTime, bytes, agentId, service } = batch
    const [ids, services, byId, byService] = [this.#ids, this.#services, this.#byId, this.#byService]
    for (let row = 0; row < rows; row++) {
      if (fate[row] !== 0) continue
      let seen: AgentSighting | undefined
      const kind = agentId.kind[row]!
      // what has been seen since the last delta is found here, all else by `#meet`
      if (kind !== Kind.absent && kind !== Kind.jsonText) {
        seen = byId[ids.find(bytes, agentId.start[row]!, agentId.end[row]!)]
      } else if (kind === Kind.absent && !this.#isOfAgents) {
        continue
      } else if (kind === Kind.absent && service.kind[row] !== Kind.absent) {
        seen = byService[services.find(bytes, service.start[row]!, service.end[row]!)]
      }
      seen ??= this.#meet(batch, row)
      if (seen === undefined) continue
      const at = time[row]! < readTime ? time[row]! : readTime
      seen.rows++
      if (at > seen.lastAt) seen.lastAt = at
      else if (at < seen.firstAt) seen.firstAt = at
      if (of[row] !== Telling.nothing || seen.left !== undefined) this.#note(seen, batch, row)
    }
  }

  /** What has been seen since the last call; undefined if nothing. */
  delta(): AgentDelta | undefined {
    if (this.#seen.size === 0 && this.#refused === 0) return undefined
    const delta = { seen: [...this.#seen.values()], refused: this.#refused }
    this.#seen = new Map()
    this.#refused = 0
    this.#ids.clear()
    this.#services.clear()
    this.#forgetPlaces()
    return delta
  }

  #enter(source: Source): void {
    if (source === this.#source) return
    this.#source = source
    this.#named = source.agent
    this.#isOfAgents = source.agent !== '' || source.service !== ''
    this.#host = source.resource['host.name'] ?? ''
    this.#forgetPlaces()
  }

  #forgetPlaces(): void {
    this.#byId = []
    this.#byService = []
  }

  #meet(batch: Batch, row: number): AgentSighting | undefined {
    const { bytes, agentId, service } = batch
    const kind = agentId.kind[row]!
    if (kind === Kind.jsonText) {
      return this.#sighting(decoded(batch.text(agentId.start[row]!, agentId.end[row]!), kind), batch, row)
    }
    if (kind !== Kind.absent) {
      const id = this.#ids.find(bytes, agentId.start[row]!, agentId.end[row]!)
      if (id < 0) return this.#refuse()
      return (this.#byId[id] ??= this.#sighting(this.#ids.text(id), batch, row))
    }
    const isNamed = service.kind[row] !== Kind.absent
    if (!isNamed && this.#named === '') return undefined
    const start = isNamed ? service.start[row]! : 0
    const end = isNamed ? service.end[row]! : 0
    if (end - start > longestAgent) return this.#sighting(this.#idOf(batch, row), batch, row)
    const name = this.#services.find(bytes, start, end)
    if (name < 0) return this.#refuse()
    return (this.#byService[name] ??= this.#sighting(this.#idOf(batch, row), batch, row))
  }

  #idOf(batch: Batch, row: number): string {
    return this.#named === '' ? agentOf(serviceOf(batch, row), this.#host) : this.#named
  }

  #sighting(id: string, batch: Batch, row: number): AgentSighting | undefined {
    const { source } = batch
    let seen = this.#seen.get(id)
    if (seen === undefined) {
      if (id.length > longestAgent || this.#seen.size >= mostSeen) {
        return this.#refuse()
      }
      const at = Math.min(batch.time[row]!, batch.readTime)
      const place = { host: this.#host, input: source.input, source: source.id }
      const facts = { service: serviceOf(batch, row), role: '', version: '' }
      seen = {
        id,
        knownBy: this.#knownBy(batch, row),
        ...facts,
        ...place,
        rows: 0,
        firstAt: at,
        lastAt: at,
        heartbeats: 0,
        beats: []
      }
      this.#seen.set(id, seen)
      this.#learn(seen, batch, row)
    }
    // another log of its may have stopped long ago
    if (Math.min(batch.time[row]!, batch.readTime) >= seen.lastAt) {
      seen.input = source.input
      seen.source = source.id
    }
    return seen
  }

  #knownBy({ agentId, source }: Batch, row: number): KnownBy {
    if (agentId.kind[row] !== Kind.absent) return 'agent_id'
    if (this.#named === '') return 'service'
    return this.#named === source.resource['kubernetes.pod.name'] ? 'pod' : 'agent_id'
  }

  #refuse(): undefined {
    this.#refused++
  }

  /** Takes what a row says of its agent: the first one in each delta is asked, and those that tell
   * something, up to the first heartbeat. */
  #learn(seen: AgentSighting, batch: Batch, row: number): void {
    const fields = this.#fields
    seen.role = fields.text(batch, row, Field.role) || seen.role
    seen.version = fields.text(batch, row, Field.version) || seen.version
    seen.service ||= serviceOf(batch, row)
  }

  #note(seen: AgentSighting, batch: Batch, row: number): void {
    const at = Math.min(batch.time[row]!, batch.readTime)
    const telling = this.#tellings.of[row]!
    if (telling === Telling.leaving) seen.left = { at, reason: 'stopped' }
    else if (seen.left !== undefined && (isBack(telling) || at > seen.left.at + leavingMs)) seen.left = undefined
    if (telling === Telling.nothing) return
    if (seen.heartbeats === 0) this.#learn(seen, batch, row)
    if (telling === Telling.heartbeat) {
      seen.heartbeats++
      if (seen.beats.push(at) > mostBeats) seen.beats.shift()
    } else if (telling === Telling.connected) seen.connection = { at, isOk: true, errorCode: '' }
    else if (telling === Telling.failed) {
      seen.connection = { at, isOk: false, errorCode: this.#errorCode(batch, row) }
    }
  }

  #errorCode(batch: Batch, row: number): string {
    const code = this.#fields.text(batch, row, Field.errorCode)
    if (code !== '') return code
    const { body } = batch
    return systemError.exec(batch.text(body.start[row]!, body.end[row]!))?.[0] ?? ''
  }
}

function hasIds({ rows, agentId: { kind } }: Batch): boolean {
  for (let row = 0; row < rows; row++) if (kind[row] !== Kind.absent) return true
  return false
}

function isBack(telling: number): boolean {
  return telling === Telling.heartbeat || telling === Telling.connected
}

function serviceOf(batch: Batch, row: number): string {
  const { kind, start, end } = batch.service
  if (kind[row] === Kind.absent) return ''
  return decoded(batch.text(start[row]!, end[row]!), kind[row]!).slice(0, longestAgent)
}

/** The inside of a JSON string as the text that it stands for. */
function decoded(text: string, kind: number): string {
  return kind === Kind.jsonText ? (JSON.parse(`"${text}"`) as string) : text
}
