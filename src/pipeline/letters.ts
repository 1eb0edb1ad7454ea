import type { Config } from '../config/config.ts'
import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { LetterQuery } from '../state/letters.ts'
import type { StateStore } from '../state/store.ts'
import type { Letter, LetterInfo, Letters, ReplayResult } from './collector.ts'
import type { ReplayVerdicts } from './messages.ts'
import type { ShardPort } from './shard-port.ts'

/** Rows are sent to the shard in chunks of about so many bytes, so that a replay of many does not hold them all in memory. */
const chunkBytes = 4 * 1024 * 1024
/** And so many rows at most: each takes 50 µs to be looked up, on the control thread. */
const chunkRows = 1000
/** Whoever asks for a replay gets an answer by then; what is not answered yet goes on. */
const answerMs = 45_000

/** Why letters are left where the collector ends meanwhile. */
export const stops = 'the collector stops: replay the rest when it runs again'

const takesNone = 'the output takes no rows now: see "mcp-collector status"'

type SendableLetter = Letter & { readonly row: Uint8Array }
interface Chunk {
  readonly output: string
  readonly letters: SendableLetter[]
  bytes: number
}

/** Counts of a replay. */
class ReplayTally {
  /** The output has taken none of the rows: it would not take the next ones either. */
  isDown = false
  delivered = 0
  refused = 0
  unsent = 0
  readonly #reasons = new Set<string>()

  refuse(rows: number, reason: string): void {
    this.refused += rows
    this.#reasons.add(reason)
  }

  leave(rows: number, reason: string): void {
    this.unsent += rows
    this.#reasons.add(reason)
  }

  add(other: ReplayTally): void {
    this.delivered += other.delivered
    this.refused += other.refused
    this.unsent += other.unsent
    this.isDown ||= other.isDown
    for (const reason of other.#reasons) this.#reasons.add(reason)
  }

  result(): ReplayResult {
    const { delivered, refused, unsent } = this
    return { delivered, refused, unsent, reasons: [...this.#reasons].slice(0, 10) }
  }
}

/** Dead letters of a running collector: reads and deletes in the state database, replays through the shard's outputs. */
export class DeadLetterDesk implements Letters {
  readonly #state: StateStore
  readonly #shard: Pick<ShardPort, 'replay'>
  readonly #changed: () => void
  readonly #clock: Clock
  /** Letters that were sent and have no verdict yet. */
  readonly #underWay = new Set<number>()

  constructor(state: StateStore, shard: Pick<ShardPort, 'replay'>, changed: () => void, clock: Clock = systemClock) {
    this.#state = state
    this.#shard = shard
    this.#changed = changed
    this.#clock = clock
  }

  list(query: LetterQuery): Promise<readonly LetterInfo[]> {
    return Promise.resolve(this.#state.letters.list(query))
  }

  get(id: number): Promise<Letter | undefined> {
    return Promise.resolve(this.#state.letters.get(id))
  }

  missing(ids: readonly number[]): Promise<readonly number[]> {
    return Promise.resolve(this.#state.letters.missing(ids))
  }

  delete(ids: readonly number[]): Promise<number> {
    return Promise.resolve(this.#delete(ids))
  }

  async replay(ids: readonly number[]): Promise<ReplayResult> {
    const tally = new ReplayTally()
    const until = this.#clock.monotonic() + answerMs
    const down = new Set<string>()
    for (const chunk of this.#chunks(ids, tally)) {
      const leftMs = until - this.#clock.monotonic()
      if (down.has(chunk.output)) tally.leave(chunk.letters.length, takesNone)
      else if (leftMs > 0) {
        const answer = await this.#answerOf(chunk, leftMs)
        if (answer.isDown) down.add(chunk.output)
        tally.add(answer)
      } else tally.leave(chunk.letters.length, 'There was no time left for all: replay the rest again')
    }
    return tally.result()
  }

  #delete(ids: readonly number[]): number {
    const deleted = this.#state.letters.delete(ids)
    this.#changed()
    return deleted
  }

  /** Letters to send, by output. Counts those that can't be. */
  *#chunks(ids: readonly number[], tally: ReplayTally): Generator<Chunk> {
    const open = new Map<string, Chunk>()
    for (const id of new Set(ids)) {
      const letter = this.#letter(id)
      if (letter === undefined) {
        if (this.#state.isClosed) tally.leave(1, stops)
        continue
      }
      if (isRaw(letter)) {
        tally.refuse(1, 'the row was never encoded, as its parser did not understand it')
        continue
      }
      const chunk = open.get(letter.output) ?? { output: letter.output, letters: [], bytes: 0 }
      chunk.letters.push(letter)
      chunk.bytes += letter.row.length
      open.set(letter.output, chunk)
      if (chunk.bytes < chunkBytes && chunk.letters.length < chunkRows) continue
      open.delete(letter.output)
      yield chunk
    }
    yield* open.values()
  }

  /** A letter whose bytes are damaged is none: there is nothing to send. */
  #letter(id: number): SendableLetter | undefined {
    const letter = this.#state.letters.get(id)
    return letter?.row === undefined ? undefined : { ...letter, row: letter.row }
  }

  /** Sends letters that are not on their way. Verdicts that come after `withinMs` still delete what was delivered. */
  async #answerOf({ output, letters }: Chunk, withinMs: number): Promise<ReplayTally> {
    const tally = new ReplayTally()
    const free = letters.filter(({ id }) => !this.#underWay.has(id))
    if (free.length < letters.length) tally.leave(letters.length - free.length, 'the letter is being sent already')
    if (free.length === 0) return tally
    const late = Promise.withResolvers<undefined>()
    const cancel = this.#clock.after(withinMs, () => late.resolve(undefined))
    const answer = await Promise.race([this.#send(output, free), late.promise])
    cancel()
    if (answer !== undefined) tally.add(answer)
    else tally.leave(free.length, 'there is no answer yet: what is delivered is deleted when it comes')
    return tally
  }

  /** Never rejects. */
  async #send(output: string, letters: readonly SendableLetter[]): Promise<ReplayTally> {
    for (const { id } of letters) this.#underWay.add(id)
    const tally = new ReplayTally()
    try {
      const verdicts = await this.#shard.replay(
        output,
        letters.map(({ id, row }) => ({ id, row }))
      )
      this.#settle(letters, verdicts, tally)
    } catch (error) {
      tally.leave(letters.length, messageOf(error))
    } finally {
      for (const { id } of letters) this.#underWay.delete(id)
    }
    return tally
  }

  #settle(letters: readonly SendableLetter[], verdicts: ReplayVerdicts, tally: ReplayTally): void {
    const done: number[] = []
    for (const { id } of letters) {
      const verdict = verdicts[id]
      if (verdict === 'delivered' || verdict === 'duplicate') done.push(id)
      else if (verdict === undefined) tally.leave(1, takesNone)
      else tally.refuse(1, 'the output has refused it again')
    }
    tally.isDown = Object.keys(verdicts).length === 0
    if (done.length === 0) return
    const deleted = this.#delete(done)
    tally.delivered += deleted
    if (this.#state.isClosed) tally.leave(done.length - deleted, stops)
  }
}

/** Never encoded: as a part of a request it would say something else. */
function isRaw({ status, type }: LetterInfo): boolean {
  return status === 0 && type === 'parse'
}

/** How long letters of the output `pipeline/name` are kept; where that is not configured any more, as long as any may be. */
export function maxAgeMs({ outputs }: Pick<Config, 'outputs'>, id: string): number {
  const name = id.slice(id.indexOf('/') + 1)
  const own = outputs.filter(output => output.name === name)
  return Math.max(...(own.length > 0 ? own : outputs).map(output => output.delivery.deadLetters.maxAgeMs))
}
