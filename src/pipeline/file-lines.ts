import type { FollowPlan } from '../config/define.ts'
import { messageOf } from '../core/errors.ts'
import { NotYetError, type Opened } from '../inputs/file/content.ts'
import { wordsOf } from '../inputs/file/problems.ts'
import { openWhole } from '../inputs/file/whole.ts'
import { encodingOf, isLineEnd, type LineEnd, lineEndOf, orderMarkBytes } from '../inputs/framing/line-ends.ts'

/** Even: characters of two bytes stay whole. */
const blockBytes = 1 << 18

/** Bytes of a line, with its end. */
export interface LinePlace {
  readonly start: number
  readonly end: number
}

/** Which line of a file stands where; of an archive, of what it holds. */
export class FileLines {
  readonly #content: Opened
  readonly #block = Buffer.allocUnsafe(blockBytes)
  #lineEnd: LineEnd | undefined
  #readTo = 0
  readonly #text: Pick<FollowPlan, 'encoding' | 'lineEnd'>

  /** Throws the system's errors. */
  constructor(path: string, text: Pick<FollowPlan, 'encoding' | 'lineEnd'>) {
    this.#content = openWhole(path).content
    this.#text = text
  }

  /** Of the line with this number, from 1 on, or how many there are. */
  async find(line: number): Promise<LinePlace | { readonly lines: number }> {
    let [number, start] = [1, 0]
    for await (const ends of this.#ends(0, Infinity)) {
      for (const end of ends) {
        if (number === line) return { start, end }
        number++
        start = end
      }
    }
    // what is left has no end yet
    const isUnfinished = this.#readTo > start
    if (isUnfinished && number === line) return { start, end: this.#readTo }
    return { lines: isUnfinished ? number : number - 1 }
  }

  /** How many lines end in `[from, to)`. */
  async count(from: number, to: number): Promise<number> {
    let lines = 0
    for await (const ends of this.#ends(from, to)) lines += ends.length
    return lines
  }

  /** In which lines these positions are, by position. */
  async numbersOf(positions: readonly number[]): Promise<Map<number, number>> {
    const numbers = new Map<number, number>()
    let [line, from] = [1, 0]
    for (const position of new Set(positions.toSorted((a, b) => a - b))) {
      line += await this.count(from, position)
      numbers.set(position, line)
      from = position
    }
    return numbers
  }

  /** Why it ends before it should, as inputs call it; undefined: it does not, as far as it was read. */
  get broken(): string | undefined {
    const { broken } = this.#content
    return broken === undefined ? undefined : wordsOf(`archive ${broken}`)
  }

  close(): void {
    this.#content.close()
  }

  /** Where lines end, behind their ends, a block at a time. */
  async *#ends(from: number, to: number): AsyncGenerator<readonly number[]> {
    const lineEnd = (this.#lineEnd ??= await this.#findLineEnd())
    for (let at = from - (from % 2); at < to; ) {
      const got = await this.#read(this.#block.subarray(0, to - at), at)
      this.#readTo = at + got
      if (got === 0) return
      const block = this.#block.subarray(0, got)
      const ends: number[] = []
      for (
        let i = block.indexOf(lineEnd.byte, Math.max(0, from - at));
        i >= 0;
        i = block.indexOf(lineEnd.byte, i + 1)
      ) {
        if (isLineEnd(block, i, at + i, lineEnd)) ends.push(at + i + (lineEnd.unit === 'low' ? 2 : 1))
      }
      yield ends
      at += got
    }
  }

  async #findLineEnd(): Promise<LineEnd> {
    const head = Buffer.alloc(orderMarkBytes)
    const got = await this.#read(head, 0)
    const { encoding = 'utf-8', lineEnd } = this.#text
    return lineEndOf(encodingOf(encoding, head.subarray(0, got))?.encoding ?? encoding, lineEnd)
  }

  /** As many bytes as fit, or are there. */
  async #read(into: Buffer, position: number): Promise<number> {
    let got = 0
    while (got < into.length) {
      const read = await this.#some(into.subarray(got), position + got)
      if (read === 0) break
      got += read
    }
    return got
  }

  async #some(into: Buffer, position: number): Promise<number> {
    for (;;) {
      const ready = new Promise<void>(resolve => (this.#content.onReady = resolve))
      try {
        return this.#content.read([into], position)
      } catch (error) {
        if (!(error instanceof NotYetError)) throw new Error(messageOf(error), { cause: error })
        await ready
      }
    }
  }
}
