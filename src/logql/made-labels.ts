import type { Batch } from '../core/batch.ts'
import { Flag, Kind } from '../core/row.ts'
import { agentOf, type Source } from '../core/source.ts'
import { ColumnLabel, Label } from './label.ts'

const nothing = Buffer.alloc(0)

/** All rows have it: one that names no agent is of that of its source, else of its service on this host. */
export class AgentLabel extends ColumnLabel {
  readonly #service = new ColumnLabel('service')
  #source: Source | undefined
  #kind: Uint8Array = nothing
  /** Of the source; or of the last row that named none, and the service of that. */
  #agent: Buffer = nothing
  #ofService: Uint8Array | undefined
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
    this.#ofService = undefined
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
    const { bytes, start, end } = service
    if (this.#ofService !== undefined && isSame(this.#ofService, bytes, start, end)) return
    this.#ofService = new Uint8Array(bytes.subarray(start, end))
    this.#agent = Buffer.from(agentOf(service.text, this.#host))
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let i = start; i < end; i++) if (bytes[i] !== known[i - start]) return false
  return true
}

/** How far the time that a row has of its own is ahead of its reading, ms. Rows have it that are read as soon as they are written: of
 * those that are caught up on it would say nothing of a clock. */
export class ClockLabel extends Label {
  #batch!: Batch

  open(batch: Batch): void {
    this.#batch = batch
    this.isAbsent = !batch.isLive
  }

  find(row: number): boolean {
    const { isLive, flags, time, readTime } = this.#batch
    if (!isLive || (flags[row]! & Flag.timeRead) !== 0) return this.setNone()
    return this.setText(String(time[row]! - readTime))
  }
}
