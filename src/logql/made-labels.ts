import type { Batch } from '../core/batch.ts'
import { Flag, Kind } from '../core/row.ts'
import { agentOf, type Source } from '../core/source.ts'
import { ColumnLabel, Label } from './label.ts'
import { TextNumbers } from '../core/text-numbers.ts'

const nothing = Buffer.alloc(0)
/** Services of a source, and how long they are, whose agents are remembered. */
const mostServices = 256
const longestService = 256

/** All rows have it: one that names no agent is of that of its source, else of its service on this host. */
export class AgentLabel extends ColumnLabel {
  readonly #service = new ColumnLabel('service')
  #source: Source | undefined
  #kind: Uint8Array = nothing
  /** Of the source; or of the last row that named none. */
  #agent: Buffer = nothing
  /** Of the source's services. */
  readonly #services = new TextNumbers(mostServices, longestService)
  #agents: Buffer[] = []
  #host = ''

  constructor() {
    super('agentId')
  }

  override open(batch: Batch): void {
    super.open(batch)
    this.#service.open(batch)
    this.#kind = batch.agentId.kind
    if (batch.source === this.#source) return
    this.#source = batch.source
    this.#agent = Buffer.from(batch.source.agent)
    this.#forget()
    this.#host = batch.source.resource['host.name'] ?? ''
  }

  override find(row: number): boolean {
    const kind = this.#kind[row]!
    if (kind !== Kind.absent && kind < Kind.null) return super.find(row)
    if (this.#source!.agent === '') this.#findByService(row)
    return this.set(this.#agent, 0, this.#agent.length) && this.#agent.length > 0
  }

  #findByService(row: number): void {
    const service = this.#service
    service.find(row)
    const number = this.#services.find(service.bytes, service.start, service.end)
    this.#agent = this.#agents[number] ?? this.#meet(number)
  }

  #meet(number: number): Buffer {
    const agent = Buffer.from(agentOf(this.#service.text, this.#host))
    if (number >= 0) this.#agents[number] = agent
    else if (this.#services.count === mostServices) this.#forget()
    return agent
  }

  #forget(): void {
    this.#services.clear()
    this.#agents = []
  }
}

/** How far the time that a row has of its own is ahead of its reading, ms. Rows have it that are read as soon as they are written: of
 * those that are caught up on it would say nothing of a clock. */
export class ClockLabel extends Label {
  #batch!: Batch
  readonly #digits = Buffer.alloc(24)

  open(batch: Batch): void {
    this.#batch = batch
    this.isAbsent = !batch.isLive
  }

  find(row: number): boolean {
    const { isLive, flags, time, readTime } = this.#batch
    if (!isLive || (flags[row]! & Flag.timeRead) !== 0) return this.setNone()
    return this.set(this.#digits, 0, this.#digits.latin1Write(String(time[row]! - readTime), 0))
  }
}
