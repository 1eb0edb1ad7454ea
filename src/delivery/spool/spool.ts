import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { ExitError, exitCodes, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { StoredSource } from '../../core/record.ts'
import type { Position, SourceId } from '../../core/source.ts'
import { fsyncDirectory, pruneBad, removeDatabase } from '../../state/files.ts'
import { obstacleOf } from '../../state/obstacles.ts'
import type { Block } from './block.ts'
import { type Extent, Held } from './held.ts'
import { Segment, type SegmentContext } from './segment.ts'

const segmentBytes = 256 * 1024 * 1024
/** What the log of changes of the segment that is written takes at most. */
const mostLogBytes = 6 * 1024 * 1024
/** Blocks that are kept unpacked: a lane reads one in several pieces, and takes turns with others. */
const mostUnpacked = 8

export interface SpoolOptions {
  /** Of all segments together. */
  readonly maxBytes: number
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

export interface SpoolStatus {
  readonly bytes: number
  readonly maxBytes: number
  readonly segments: number
  readonly sources: number
  readonly damagedBlocks: number
}

/**
 * Bytes of sources that can not be read where they came from, kept in the state directory until every output has settled them. Lives
 * on the thread that reads them: a commit of 1 MiB takes it 5 ms (measured, with the packing), and reads stay synchronous.
 */
export class Spool {
  readonly #dir: string
  readonly #options: SpoolOptions
  readonly #context: SegmentContext
  readonly #segments = new Set<Segment>()
  readonly #held = new Map<SourceId, Held>()
  readonly #unpacked = new Map<Extent, Buffer>()
  #current: Segment | undefined
  #damagedBlocks = 0
  #sealedBytes = 0
  #maxPages = 0

  /** Opens what earlier runs left, in any condition. */
  constructor(stateDir: string, options: SpoolOptions) {
    this.#dir = join(stateDir, 'spool')
    this.#options = options
    const { clock, log, meter } = options
    meter.of('collector_spool_limit_bytes').value = options.maxBytes
    const damaged = meter.of('collector_spool_damaged_blocks_total')
    this.#context = {
      clock,
      log,
      damaged: blocks => {
        this.#damagedBlocks += blocks
        damaged.value += blocks
      }
    }
    for (const number of this.#numbers()) this.#load(number)
    this.#show()
  }

  /** What it holds of a source. Stays as it is: bytes that are added later are seen by it. */
  find(source: SourceId): Held | undefined {
    return this.#held.get(source)
  }

  /** The sources that it holds something of. */
  get ids(): SourceId[] {
    return [...this.#held.keys()]
  }

  /** The same as they were when their bytes were stored. */
  sources(): StoredSource[] {
    const sources = new Map<SourceId, StoredSource>()
    for (const segment of this.#segments) for (const source of segment.sources()) sources.set(source.id, source)
    return [...sources.values()].filter(({ id }) => this.#held.has(id))
  }

  /** Stores blocks of a source, durable on return; false if there is no room for them. Throws what SQLite throws: then none of them is
   * stored, and the same call may come again. */
  append(source: StoredSource, blocks: readonly Block[]): boolean {
    const bytes = blocks.reduce((sum, { packed }) => sum + packed.length + 200, 0)
    if (!this.#hasRoom(bytes)) return false
    const segment = this.#writable(bytes)
    const entries = segment.append(source, blocks)
    this.#add(segment, entries)
    this.#show()
    return true
  }

  /** Everything of the source before the position is settled, and the cursors that say so are durable. */
  settle(source: SourceId, position: Position): void {
    const held = this.#held.get(source)
    const settled = held?.settle(position)
    if (held === undefined || settled === undefined || settled.length === 0) return
    if (held.isEmpty) this.#held.delete(source)
    for (const extent of settled) {
      this.#unpacked.delete(extent)
      if (--extent.segment.pending === 0) this.#remove(extent.segment)
    }
    this.#show()
  }

  status(): SpoolStatus {
    return {
      bytes: this.#bytes,
      maxBytes: this.#options.maxBytes,
      segments: this.#segments.size,
      sources: this.#held.size,
      damagedBlocks: this.#damagedBlocks
    }
  }

  /** Lets segments grow to so many pages only, as a full disk would; 0 takes that back. */
  limitPages(pages: number): void {
    this.#maxPages = pages
    this.#current?.limitPages(pages)
  }

  close(): void {
    for (const segment of this.#segments) segment.close()
    this.#segments.clear()
    this.#held.clear()
  }

  /** The numbers of the segments there are, after what a crash left of others was removed. */
  #numbers(): number[] {
    let names: string[]
    try {
      names = readdirSync(this.#dir)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTDIR') this.#options.log.error(`Cannot use "${this.#dir}": it is no folder`)
      if (code === 'ENOENT' || code === 'ENOTDIR') return []
      // Not empty but unknown: what it holds would be taken for lost, and forgotten.
      throw new ExitError(`Cannot read "${this.#dir}": ${obstacleOf(error, this.#dir)}`, exitCodes.failed, error)
    }
    const numbers = new Set(names.flatMap(name => /^(\d+)\.db$/.exec(name)?.[1] ?? []))
    for (const name of names) {
      const [, part, number] = /^((\d+)\.db(?:\.new)?)(?:-wal|-shm|-journal)?$/.exec(name) ?? []
      if (part?.endsWith('.new') || (number !== undefined && !numbers.has(number)))
        removeDatabase(join(this.#dir, part!))
    }
    pruneBad(this.#dir, name => /^\d+\.db\.bad-/.test(name))
    return [...numbers].map(Number).toSorted((a, b) => a - b)
  }

  #load(number: number): void {
    try {
      const segment = new Segment(this.#path(number), number, this.#context)
      this.#segments.add(segment)
      this.#sealedBytes += segment.bytes
      this.#add(segment, segment.entries())
      if (segment.pending === 0) this.#remove(segment)
      else segment.seal()
    } catch (error) {
      if (error instanceof ExitError) throw error
      this.#options.log.error(`Cannot use "${this.#path(number)}": ${messageOf(error)}`)
    }
  }

  #add(segment: Segment, entries: readonly Omit<Extent, 'segment'>[]): void {
    segment.pending += entries.length
    for (const [id, group] of Map.groupBy(entries, entry => entry.source)) {
      let held = this.#held.get(id)
      if (held === undefined) this.#held.set(id, (held = new Held(id, extent => this.#unpack(extent))))
      held.add(group.map(entry => ({ ...entry, segment })))
    }
  }

  #unpack(extent: Extent): Buffer | undefined {
    const known = this.#unpacked.get(extent)
    const bytes = known ?? extent.segment.read(extent)
    if (bytes === undefined) return undefined
    this.#unpacked.delete(extent)
    this.#unpacked.set(extent, bytes)
    if (this.#unpacked.size > mostUnpacked) this.#unpacked.delete(this.#unpacked.keys().next().value!)
    return bytes
  }

  get #bytes(): number {
    return this.#sealedBytes + (this.#current === undefined ? 0 : this.#current.bytes + this.#current.logBytes)
  }

  #hasRoom(bytes: number): boolean {
    const { maxBytes } = this.#options
    const log = Math.min(mostLogBytes, maxBytes / 4)
    return this.#sealedBytes + (this.#current?.bytes ?? 0) + bytes * 1.05 + log <= maxBytes
  }

  /** The segment that so many bytes are added to. */
  #writable(bytes: number): Segment {
    const limit = Math.min(segmentBytes, this.#options.maxBytes / 4)
    const current = this.#current
    if (current !== undefined && !current.isSealed && !current.isFull && current.bytes + bytes <= limit) return current
    if (current !== undefined) {
      if (!current.isSealed) current.seal()
      this.#sealedBytes += current.bytes
      this.#current = undefined
      if (current.pending === 0) this.#remove(current)
    }
    return this.#begin()
  }

  #begin(): Segment {
    const isNew = mkdirSync(this.#dir, { recursive: true, mode: 0o700 }) !== undefined
    if (isNew) fsyncDirectory(join(this.#dir, '..'))
    const number = Math.max(0, ...this.#numbers(), ...[...this.#segments].map(one => one.number)) + 1
    const segment = new Segment(this.#path(number), number, this.#context)
    if (this.#maxPages > 0) segment.limitPages(this.#maxPages)
    this.#segments.add(segment)
    this.#current = segment
    return segment
  }

  #path(number: number): string {
    return join(this.#dir, `${number}.db`)
  }

  #remove(segment: Segment): void {
    this.#segments.delete(segment)
    if (this.#current === segment) this.#current = undefined
    else this.#sealedBytes -= segment.bytes
    segment.remove()
  }

  #show(): void {
    const { meter } = this.#options
    meter.of('collector_spool_bytes').value = this.#bytes
    meter.of('collector_spool_segments').value = this.#segments.size
  }
}
