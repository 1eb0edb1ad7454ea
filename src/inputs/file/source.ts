import type { StateLink } from '../../core/record.ts'
import type { Position, Resource, Source, SourceId } from '../../core/source.ts'
import { Gone, Idle } from '../../core/source.ts'
import type { LossReason } from '../../core/outcome.ts'
import type { Held } from '../../delivery/spool/held.ts'
import { reasonOf } from './disk.ts'
import type { Copy, Trace } from './copies.ts'
import { NotYetError, type Opened } from './content.ts'
import { type Fingerprint, markerOf } from './head.ts'
import { FileMarks } from './marks.ts'
import { type Loss, Remains } from './remains.ts'
import { Tails } from './tails.ts'

export type { Loss } from './remains.ts'

/*
 * How pipeline/reader.ts reads a file source:
 *
 *   base = cursor, or source.startAt; carried = 0; barrier = source.barrier
 *   on open and on every wake, until Idle or Gone:
 *     got = source.read(base + carried, bytes.subarray(carried, chunkBytes))
 *     Idle   wait for a wake. If carry or framer.heldBytes > 0 and nothing came for partialMs: cut() below
 *     Gone   cut(); then, while there is a loss = source.lossAt(base): skip [base, base + loss.bytes) with loss.reason. If bytes stand
 *            behind it, read on; else the lane is done. It stays until the follower calls `close`: a file that was rotated away may
 *            still grow, and then is woken again
 *     got    batch.base = base; batch.size = carried + got; arena.index(batch)
 *            cutAt = source.marks.nextCut(base)      a read never goes past a stored cut, so a chunk ends there or before it
 *            next = framer.frame(batch, lines, cutAt, false)
 *            move bytes[next, size) to the front; base += next; carried = size - next
 *            (framers take over a carry of 32 KiB and more, so the carry always fits in front of a read)
 *            delivery.append(…, to: base, heldFrom: framer.heldFrom, barrier)
 *   cut():   frame the carry again with `final`, which consumes all; barrier = max(barrier, marks.addCut(base)) if any row of it
 *            has Flag.unterminated; append. What comes later starts a row of its own, in this run and in every later one.
 *   cursors: source.marker(position) goes into each cursor; behind them, in the same append, marks.dropCuts(lowest cursor)
 */

export interface FileSourceParts extends Pick<Source, 'id' | 'input' | 'resource' | 'dataset' | 'service' | 'agent'> {
  readonly path: string
  readonly startAt: Position
  readonly size: number
  readonly bornAt: number
  /** How it began when it was stored. */
  readonly fingerprint: Fingerprint
  readonly autoRemove?: boolean
  readonly podPath?: string
  /** An earlier run followed it. */
  readonly wasKnown: boolean
  readonly barrier: number
  readonly content: Opened
  readonly link: StateLink
  readonly cuts: readonly Position[]
  readonly parser: string | undefined
  readonly owner: SourceOwner
}

/** Who has made a source, and is told what it meets. */
export interface SourceOwner {
  /** The bytes before a position that was read do not stand there any more. */
  truncated(source: FileSource): void
  failed(source: FileSource, reason: string): void
  /** Bytes are there that were under way. */
  woken(source: FileSource): void
}

/** What is left of all sources of which nothing is gone: there may be ten thousand. */
const whole = new Remains()

/** One generation of a file: from its beginning, or where following began, until it is truncated, replaced or gone. */
export class FileSource implements Source {
  readonly id: SourceId
  readonly input: string
  readonly resource: Resource
  readonly dataset: string
  readonly service: string
  readonly agent: string
  repeatsUntil: Position
  readonly marks: FileMarks
  /** The path it was first met under. */
  readonly path: string
  /** Where reading begins: what is before was left out by the input's options. */
  readonly startAt: Position
  /** Epoch ms when its file was made; 0 where the file system does not tell. */
  readonly bornAt: number
  /** Its container is removed as soon as that ends, however it does. */
  readonly autoRemove: boolean
  /** Is there as long as the pod that writes it is; undefined: none does. */
  readonly podPath: string | undefined
  /** Rows may be sent once this record is durable. */
  readonly barrier: number
  /** Bytes known to be, or to have been, there. */
  size: number
  /** No more bytes will come, as far as we know: at the end, `read` says `Gone`. Turns back if the file grows after all. */
  ended = false
  /** The farthest that anybody has read, or an earlier run had settled. */
  readTo: Position
  /** The last read failed: it is tried again at the next scan. */
  isFailing = false
  readonly #owner: SourceOwner
  readonly #fingerprint: Fingerprint
  /** An earlier run knew it up to here. */
  readonly #knownSize: Position | undefined
  /** What its owner opened, and closes. */
  readonly #given: Opened
  #content: Opened
  #tails: Tails
  #remains = whole
  #isSuspended = false
  #cameToEnd = false

  constructor(parts: FileSourceParts) {
    this.#owner = parts.owner
    this.#fingerprint = parts.fingerprint
    this.#knownSize = parts.wasKnown ? parts.size : undefined
    this.#given = parts.content
    this.id = parts.id
    this.input = parts.input
    this.resource = parts.resource
    this.dataset = parts.dataset
    this.service = parts.service
    this.agent = parts.agent
    this.path = parts.path
    this.startAt = parts.startAt
    this.bornAt = parts.bornAt
    this.autoRemove = parts.autoRemove === true
    this.podPath = parts.podPath
    this.repeatsUntil = this.#knownTo(parts.content, parts.size)
    this.barrier = parts.barrier
    this.size = parts.size
    this.readTo = parts.startAt
    this.marks = new FileMarks(parts.id, parts.link, parts)
    this.#content = parts.content
    this.#tails = new Tails(parts.content, parts.fingerprint)
    this.#await(parts.content)
  }

  /** Why bytes behind the last that can be read are lost; undefined while there may be more. */
  get lostReason(): LossReason | undefined {
    return this.#remains.reason
  }

  /** The bytes from `at` on that are lost, as far as it is for one reason; undefined if none are, or none yet. */
  lossAt(at: Position): Loss | undefined {
    return this.ended ? this.#remains.lossAt(at, this.size) : undefined
  }

  /** An earlier run may have had rows behind `at` delivered, and not have come to store that. */
  mayBeDelivered(at: Position): boolean {
    return at < (this.#knownSize ?? 0)
  }

  /** Whether the spool has bytes at `at`, or behind it. */
  hasHeld(at: Position): boolean {
    return this.#remains.next(at) < Infinity
  }

  /** Whether anything can be read again. */
  get isReadable(): boolean {
    return this.#remains.end > 0
  }

  /** Nothing more will be read, if it has ended: how much an archive holds is known at its end. */
  get isRead(): boolean {
    return this.#cameToEnd || this.#remains.end < Infinity
  }

  /** Bytes may come to stand where the file has room for them. */
  get endsInNuls(): boolean {
    return this.#tails.endsInNuls
  }

  /** Its bytes are made when somebody asks for them: those that are not there yet may come. */
  get isSequential(): boolean {
    return this.#content.isSequential === true
  }

  /** Of its own, to be changed. */
  get #left(): Remains {
    if (this.#remains === whole) this.#remains = new Remains()
    return this.#remains
  }

  read(at: Position, into: Uint8Array): number {
    if (this.#isSuspended) return Idle
    const remains = this.#remains
    if (at >= remains.end && !remains.isHeld) return Gone
    const room = Math.min(into.length, this.marks.nextCut(at) - at)
    const part = room === into.length ? into : into.subarray(0, room)
    const size = this.ended || this.isSequential ? Infinity : this.size
    let got: number
    try {
      got = at < remains.end ? this.#tails.read(at, part, size) : remains.read(at, part)
      if (got === 0) this.#comeToEnd(at)
      this.isFailing = false
    } catch (error) {
      if (error instanceof NotYetError) return Idle
      this.isFailing = true
      this.#owner.failed(this, reasonOf(error))
      return Idle
    }
    if (got < 0) {
      if (remains.reason === undefined) this.#owner.truncated(this)
      else this.lose(remains.reason)
      return at < remains.end ? Idle : Gone
    }
    if (got === 0) return this.ended ? Gone : Idle
    const end = at + got
    if (end > this.readTo) this.readTo = end
    if (end > this.size) {
      this.size = end
      // It has grown after all: what has no end yet may get one. What an archive holds only comes to light.
      if (remains.reason === undefined && !this.isSequential) this.ended = false
    }
    return got
  }

  /** Throws the system's errors; then nothing has changed. */
  #comeToEnd(at: Position): void {
    const { broken } = this.#content
    if (broken !== undefined && this.lostReason !== 'corrupt_archive') {
      this.size = Math.max(this.size, at + (this.#content.rest ?? 0))
      this.#left.reason = 'corrupt_archive'
      this.#owner.failed(this, `archive ${broken}`)
    }
    this.#cameToEnd = true
  }

  /** Also proves that the file still is what was read, since a marker of other bytes would hide them after a restart. */
  marker(at: Position): string {
    if (at <= 0 || at > this.#remains.end || this.isSequential) return ''
    try {
      if (!this.#tails.isIntact()) {
        if (this.lostReason === undefined) this.#owner.truncated(this)
        return ''
      }
      return markerOf(this.#content, at)
    } catch {
      return ''
    }
  }

  /** Remembers what stands before a position, so that the first read there can be checked. */
  remember(at: Position): void {
    this.#tails.load(at)
    if (at > this.readTo) this.readTo = at
  }

  /** Whether what was read still stands there. Throws the system's errors. */
  isIntact(): boolean {
    return this.#tails.isIntact()
  }

  /** Whether bytes that were read stand at the same place of another file, as far as that one goes. Throws the system's errors. */
  get standsIn(): Trace {
    return (content, size) => this.#tails.standIn(content, size)
  }

  /** Nothing can be read now, and it is not known yet what becomes of the rest. */
  suspend(): void {
    this.#isSuspended = true
  }

  /** Nothing more can be read, but from the spool, which had all of it up to `heldTo`. What is behind is lost for this reason; undefined:
   * there is nothing. */
  lose(reason: LossReason | undefined, heldTo = -1): void {
    this.#isSuspended = false
    this.ended = true
    this.#left.lose(reason, heldTo)
  }

  /** The spool has bytes of it, which are read where the file can not be. They may become more until the file is lost. */
  keep(held: Held | undefined): void {
    this.#left.keep(held)
  }

  /** The rest is read from a copy. What was in the file and not in the copy is lost for this reason. */
  continueIn({ content, size }: Copy, reason: LossReason): void {
    this.close()
    this.#isSuspended = false
    this.#cameToEnd = false
    this.#content = content
    this.#tails = new Tails(content, this.#fingerprint)
    this.#await(content)
    this.repeatsUntil = this.#knownTo(content, this.repeatsUntil)
    if (size < Infinity && size > this.size) this.size = size
    this.ended = true
    this.#left.loseBehind(size, reason)
  }

  /** Nobody knows how far an earlier run came in an archive. */
  #knownTo(content: Opened, otherwise: Position): Position {
    return this.#knownSize !== undefined && content.isSequential === true ? Infinity : otherwise
  }

  #await(content: Opened): void {
    if (content.isSequential) content.onReady = () => this.#owner.woken(this)
  }

  /** Closes what it alone reads. */
  close(): void {
    if (this.#content !== this.#given) this.#content.close()
  }
}
