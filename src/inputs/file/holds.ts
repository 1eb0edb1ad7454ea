import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import { limited, type Log } from '../../core/log.ts'
import type { Meter } from '../../core/metrics.ts'
import type { Position, SourceId } from '../../core/source.ts'
import { blockBytes } from '../../delivery/spool/block.ts'
import type { Held } from '../../delivery/spool/held.ts'
import type { Spool, SpoolStatus } from '../../delivery/spool/spool.ts'
import { type Deleted, Hold } from './hold.ts'
import type { FileSource } from './source.ts'

const sayEveryMs = 10_000

export interface HoldsParts {
  readonly spool: Spool
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** The lowest position up to which all outputs have settled a source; Infinity if nobody reads it. */
  readonly settledAll: (source: FileSource) => Position
  /** Resolves once cursors are durable that stand where those of all sources stand now, or behind. */
  readonly stored: () => Promise<void>
}

/**
 * Deleted files of all inputs of a shard that some output has not settled: their rest is copied into the spool, the file that was deleted
 * first first, a bit at a time; then they are let go, and read from there. What all outputs have settled leaves the spool, once their
 * cursors are durable.
 */
export class Holds {
  readonly #parts: HoldsParts
  readonly #log: Log
  readonly #bytes = Buffer.allocUnsafeSlow(blockBytes)
  readonly #holds = new Map<FileSource, Hold>()
  /** Files whose cursors are on their way to the disk. */
  readonly #begun = new Set<FileSource>()
  /** Sources that the spool holds something of, and up to where they are known to be settled. */
  readonly #kept = new Map<FileSource, Position>()
  #stopTimer: (() => void) | undefined

  constructor(parts: HoldsParts) {
    this.#parts = parts
    this.#log = limited(parts.log, sayEveryMs, () => parts.clock.monotonic())
  }

  /** What is held of a source from an earlier run. */
  find(source: SourceId): Held | undefined {
    return this.#parts.spool.find(source)
  }

  /** The source is read from the spool. */
  keep(source: FileSource): void {
    this.#kept.set(source, 0)
  }

  /** Copies what is not settled of a deleted file. May be called again. */
  begin(file: Deleted): void {
    const { source } = file
    if (this.#holds.has(source) || this.#begun.has(source)) return
    this.#begun.add(source)
    const from = this.#parts.settledAll(source)
    this.#onceStored(() => {
      // It may have been settled meanwhile.
      if (!this.#begun.delete(source)) return
      this.#holds.set(source, new Hold(file, from, { spool: this.#parts.spool, bytes: this.#bytes }))
      this.#kept.set(source, from)
      this.#schedule(0)
    })
  }

  /** All of the source is settled. */
  release(source: FileSource): void {
    this.#begun.delete(source)
    this.#holds.delete(source)
    if (this.#kept.delete(source)) this.#onceStored(() => this.#parts.spool.settle(source.id, Infinity))
  }

  /** The source is not read any more, and may be again: what the spool has of it stays. */
  leave(source: FileSource): void {
    this.#begun.delete(source)
    this.#holds.delete(source)
    this.#kept.delete(source)
  }

  /** A scan is over: lets go of files that are copied, and of what is settled. */
  scanned(): void {
    const now = this.#parts.clock.monotonic()
    let isFull = false
    for (const hold of this.#holds.values()) {
      const { source } = hold.file
      if (source.lostReason !== undefined) this.#holds.delete(source)
      else if (hold.isWhole || hold.isBlocked) {
        // What the oldest of those without room does not find, the others would not either.
        if (!hold.isBlocked || !isFull) this.#step(hold, now)
        isFull ||= hold.isBlocked
        if (hold.isOver(now)) this.#letGo(hold)
      }
    }
    this.#settle()
    this.#schedule(0)
  }

  /** Copies all there is of these inputs, left out: of all, without a pause, as far as the time allows: the files will be closed. */
  async finish(withinMs: number, inputs?: ReadonlySet<string>): Promise<void> {
    const { clock, stored } = this.#parts
    const end = clock.monotonic() + withinMs
    if (this.#begun.size > 0) await Promise.race([stored(), new Promise<void>(done => clock.after(withinMs, done))])
    for (const hold of this.#holds.values()) {
      if (inputs?.has(hold.file.source.input) === false) continue
      while (this.#step(hold, clock.monotonic()) && clock.monotonic() < end);
      if (hold.isWhole || hold.isBlocked) this.#letGo(hold)
    }
    this.#settle()
  }

  status(): SpoolStatus {
    return this.#parts.spool.status()
  }

  close(): void {
    this.#stopTimer?.()
    this.#begun.clear()
    this.#parts.spool.close()
  }

  #letGo(hold: Hold): void {
    const { file, copiedTo } = hold
    this.#holds.delete(file.source)
    if (hold.isWhole) return file.letGo(copiedTo)
    const { path, input, size } = file.source
    const missing = Math.max(0, size - copiedTo)
    this.#parts.meter.of('collector_spool_evicted_bytes_total', input).value += missing
    this.#log.warn('No room for the rest of a deleted file: outputs that have not read it lose it', {
      reason: 'queue_evicted',
      path,
      bytes: missing
    })
    file.letGo(copiedTo, 'queue_evicted')
  }

  /** As much time for others as the step took. */
  #schedule(pauseMs: number): void {
    this.#stopTimer ??= this.#parts.clock.after(pauseMs, () => {
      this.#stopTimer = undefined
      const { clock } = this.#parts
      const began = clock.monotonic()
      for (const hold of this.#holds.values()) {
        if (hold.isWhole || hold.isBlocked) continue
        if (this.#step(hold, began)) return this.#schedule(Math.max(1, clock.monotonic() - began))
      }
    })
  }

  /** Returns whether there may be more to copy now. */
  #step(hold: Hold, now: number): boolean {
    try {
      return hold.step(now)
    } catch (error) {
      const { path } = hold.file.source
      this.#log.error(`Cannot copy a deleted file into the spool: ${messageOf(error)}, trying again each second`, {
        path
      })
      return false
    }
  }

  #settle(): void {
    const moved: [SourceId, Position][] = []
    for (const [source, before] of this.#kept) {
      const position = this.#parts.settledAll(source)
      // While outputs are exchanged, nobody may read it for a moment.
      if (position <= before || position === Infinity) continue
      this.#kept.set(source, position)
      moved.push([source.id, position])
    }
    if (moved.length === 0) return
    this.#onceStored(() => {
      for (const [id, position] of moved) this.#parts.spool.settle(id, position)
    })
  }

  /** The cursors as they stand now, or behind, are durable. */
  #onceStored(run: () => void): void {
    this.#parts
      .stored()
      .then(run)
      .catch((error: unknown) => this.#log.error(`Cannot use the spool: ${messageOf(error)}`))
  }
}
