import type { StateStore } from '../state/store.ts'
import type { Letter, LetterInfo, LetterQuery, Letters, ReplayResult } from './collector.ts'
import type { ReplayVerdicts } from './messages.ts'
import type { ShardPort } from './shard-port.ts'

/** Rows sent to the shard in one go, so that a replay of many does not hold them all in memory. */
const replayRows = 500

type SendableLetter = Letter & { readonly row: Uint8Array }

/** Dead letters of a running collector: reads and deletes in the state database, replays through the shard's outputs. */
export class DeadLetterDesk implements Letters {
  readonly #state: StateStore
  readonly #shard: ShardPort

  readonly #changed: () => void

  constructor(state: StateStore, shard: ShardPort, changed: () => void) {
    this.#state = state
    this.#shard = shard
    this.#changed = changed
  }

  list(query: LetterQuery): Promise<readonly LetterInfo[]> {
    return Promise.resolve(this.#state.letters.list(query))
  }

  get(id: number): Promise<Letter | undefined> {
    return Promise.resolve(this.#state.letters.get(id))
  }

  delete(ids: readonly number[]): Promise<number> {
    const deleted = this.#state.letters.delete(ids)
    this.#changed()
    return Promise.resolve(deleted)
  }

  async replay(ids: readonly number[]): Promise<ReplayResult> {
    const reasons = new Set<string>()
    const result = { delivered: 0, refused: 0, unsent: 0 }
    for (let at = 0; at < ids.length; at += replayRows) {
      for (const [output, letters] of this.#byOutput(ids.slice(at, at + replayRows))) {
        const rows = letters.filter(letter => !isRaw(letter)).map(({ id, row }) => ({ id, row }))
        const verdicts = await this.#shard.replay(output, rows).catch((error: unknown): ReplayVerdicts => {
          reasons.add(String(error))
          return {}
        })
        const done: number[] = []
        for (const letter of letters) {
          const { id } = letter
          const verdict = isRaw(letter)
            ? 'the row was never encoded, as its parser did not understand it'
            : verdicts[id]
          if (verdict === 'delivered' || verdict === 'duplicate') done.push(id)
          else if (verdict === undefined) result.unsent++
          else {
            result.refused++
            reasons.add(verdict)
          }
        }
        result.delivered += await this.delete(done)
      }
    }
    return { ...result, reasons: [...reasons].slice(0, 10) }
  }

  /** A letter whose bytes are damaged is none: there is nothing to send. */
  #letter(id: number): SendableLetter | undefined {
    const letter = this.#state.letters.get(id)
    return letter?.row === undefined ? undefined : { ...letter, row: letter.row }
  }

  #byOutput(ids: readonly number[]): Map<string, SendableLetter[]> {
    const groups = new Map<string, SendableLetter[]>()
    for (const id of ids) {
      const letter = this.#letter(id)
      if (letter === undefined) continue
      const group = groups.get(letter.output)
      if (group === undefined) groups.set(letter.output, [letter])
      else group.push(letter)
    }
    return groups
  }
}

/** Never encoded: as a part of a request it would say something else. */
function isRaw({ status, type }: LetterInfo): boolean {
  return status === 0 && type === 'parse'
}
