import { grown } from '../../core/workspace.ts'

const nine = 0x39

/** What is to be hidden of a row: spans of the batch's bytes. */
export class Masks {
  count = 0
  /** Start, end, and whether it is a number of JSON. */
  #spans = new Int32Array(96)
  readonly #mask: number

  /** `mask`: the byte that hidden ones become. */
  constructor(mask: number) {
    this.#mask = mask
  }

  add(from: number, to: number, isNumber: boolean): void {
    const at = this.count * 3
    if (at === this.#spans.length) this.#spans = grown(this.#spans, new Int32Array(at * 2))
    this.#spans[at] = from
    this.#spans[at + 1] = to
    this.#spans[at + 2] = isNumber ? 1 : 0
    this.count++
  }

  /** Leaves out what lies in `[start, end)`. */
  spare(start: number, end: number): void {
    const spans = this.#spans
    let kept = 0
    for (let at = 0; at < this.count * 3; at += 3) {
      if (spans[at]! >= start && spans[at + 1]! <= end) continue
      spans.copyWithin(kept * 3, at, at + 3)
      kept++
    }
    this.count = kept
  }

  /** Hides them. A number stays one, so that it can stand where it does: its digits become nines. */
  apply(bytes: Buffer): void {
    const spans = this.#spans
    for (let at = 0; at < this.count * 3; at += 3) {
      if (spans[at + 2] === 0) bytes.fill(this.#mask, spans[at], spans[at + 1])
      else maskNumber(bytes, spans[at]!, spans[at + 1]!)
    }
  }
}

/** The exponent stays: with nines it would be no number that anybody can read. */
function maskNumber(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    if ((bytes[at]! | 0x20) === 0x65) return
    if ((bytes[at]! - 0x30) >>> 0 < 10) bytes[at] = nine
  }
}
