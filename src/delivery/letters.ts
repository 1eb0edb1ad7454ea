import { crc32 } from 'node:zlib'
import type { Clock } from '../core/clock.ts'
import { crashPoint, crashPointHandedOver } from '../core/crash-points.ts'
import type { Log } from '../core/log.ts'
import type { Output, Refusal } from '../core/output.ts'
import type { StateLink, StateRecord } from '../core/record.ts'
import type { Books } from './books.ts'
import type { Budget } from './budget.ts'
import { Obituaries } from './obituaries.ts'
import type { LetterOptions } from './options.ts'
import type { Parcel } from './parcel.ts'

/** What a letter takes beside its row: reason, type, source, index entries. */
const overheadBytes = 512
const checkMs = 1000

interface Post {
  readonly parcel: Parcel
  readonly refusals: readonly Refusal[]
}

export interface LettersContext {
  readonly id: string
  readonly output: Pick<Output, 'identity'>
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
}

/** Puts refused rows into the dead letters. A row has ended once its letter is durable. */
export class Letters {
  /** Rows that found no room, in their order. */
  readonly #waiting: Post[] = []
  /** Bytes handed over and not known to be durable. */
  #underWay = 0
  #cancelCheck: (() => void) | undefined
  #saidFull = false
  /** Epoch ms since when `isFull`. */
  fullSince = 0
  readonly #options: LetterOptions
  readonly #context: LettersContext
  readonly #books: Books
  readonly #budget: Budget
  readonly #obituaries: Obituaries
  /** Called when `isFull` has changed. */
  onChange: () => void = () => {}

  constructor(options: LetterOptions, context: LettersContext, books: Books, budget: Budget) {
    this.#options = options
    this.#context = context
    this.#books = books
    this.#budget = budget
    this.#obituaries = new Obituaries(context)
  }

  /** Rows wait for room: the output stands still. */
  get isFull(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes over a parcel of refused rows, with a refusal for each. Its bytes are in the budget already. */
  post(parcel: Parcel, refusals: readonly Refusal[]): void {
    const room = this.#waiting.length > 0 ? 0 : this.#rowsWithRoom(parcel)
    if (room === parcel.rows) {
      void this.#store(parcel, refusals)
      return
    }
    const rest = room === 0 ? parcel : parcel.part(room, parcel.rows)
    if (room > 0) void this.#store(parcel.part(0, room), refusals.slice(0, room))
    this.#overflow({ parcel: rest, refusals: refusals.slice(room) })
  }

  close(): void {
    this.#cancelCheck?.()
    this.#cancelCheck = undefined
    this.#obituaries.close()
  }

  #overflow(post: Post): void {
    if (!this.#saidFull) this.#sayFull()
    if (this.#options.whenFull === 'drop') {
      this.#books.loseAll(post.parcel, 'dead_letters_full')
      this.#budget.release(post.parcel.size)
      return
    }
    if (this.fullSince === 0) this.fullSince = this.#context.clock.now()
    this.#waiting.push(post)
    if (this.#waiting.length > 1) return
    this.#cancelCheck = this.#context.clock.after(checkMs, () => this.#check())
    this.onChange()
  }

  #check(): void {
    this.#cancelCheck = undefined
    const waiting = this.#waiting.splice(0)
    for (const { parcel, refusals } of waiting) this.post(parcel, refusals)
    if (this.#waiting.length > 0) return
    this.#saidFull = false
    this.fullSince = 0
    this.onChange()
  }

  #rowsWithRoom(parcel: Parcel): number {
    const { maxBytes, storedBytes } = this.#options
    let room = maxBytes - storedBytes() - this.#underWay
    for (let row = 0; row < parcel.rows; row++) {
      room -= parcel.body.rowEnds[row]! - parcel.rowStart(row) + overheadBytes
      if (room < 0) return row
    }
    return parcel.rows
  }

  async #store(parcel: Parcel, refusals: readonly Refusal[]): Promise<void> {
    const { link } = this.#context
    const bytes = parcel.size + parcel.rows * overheadBytes
    this.#underWay += bytes
    crashPoint('delivery.letters.before')
    const number = link.append(this.#records(parcel, refusals))
    crashPointHandedOver('delivery.letters.after')
    await link.untilDurable(number)
    this.#underWay -= bytes
    this.#books.endAll(parcel, 'dead_lettered')
    this.#budget.release(parcel.size)
    this.#obituaries.add(refusals)
  }

  #records(parcel: Parcel, refusals: readonly Refusal[]): StateRecord[] {
    const { clock, output } = this.#context
    const at = clock.now()
    return refusals.map((refusal, row) => ({
      kind: 'letter',
      letter: {
        output: this.#context.id,
        source: parcel.accounts[parcel.entryOf(row)]!.sourceId,
        position: parcel.body.rowPositions[row]!,
        length: parcel.body.rowLengths[row]!,
        status: refusal.status,
        type: refusal.type,
        reason: refusal.reason,
        at,
        identity: crc32(output.identity?.(parcel.row(row)) ?? parcel.row(row)),
        // a copy: sent to another thread, a view would take its whole buffer along
        row: new Uint8Array(parcel.row(row))
      }
    }))
  }

  #sayFull(): void {
    this.#saidFull = true
    const { maxBytes, whenFull } = this.#options
    const action = whenFull === 'drop' ? 'refused rows are lost' : 'the output is paused'
    this.#context.log.error(`Cannot store dead letters of "${this.#context.id}": ${maxBytes} bytes are full, ${action}`)
  }
}
