import type { Batch } from '../core/batch.ts'

const space = 0x20
const quote = 0x22
const dash = 0x2d
const zero = 0x30
const open = 0x5b
const close = 0x5d
const letterH = 0x48

/** Parts of a line, in their order; each has two places: where it begins, and where it ends. */
export const combinedParts = [
  'client',
  'identity',
  'user',
  'time',
  'message',
  'method',
  'url',
  'version',
  'status',
  'bytes',
  'referrer',
  'agent'
] as const
/** As numbers: places of part n are 2n and 2n + 1. */
const client = 0
const user = 2
const time = 3
const message = 4
const method = 5
const url = 6
const version = 7
const status = 8
const bytesSent = 9
const referrer = 10
const agent = 11

/**
 * Finds the parts of lines as nearly all access logs have them: the combined format with nothing behind, three texts in quotes and no `\`.
 * By the marks of the chunk it knows where the quotes are, and looks at no byte of what is in the last two. measured: 90 ns for a line of
 * 258 bytes, by a table of the pattern 500.
 */
export class CombinedScanner {
  readonly places = new Int32Array(2 * combinedParts.length)

  /** False for other lines, which may be of the format all the same. */
  scan(batch: Batch, row: number): boolean {
    const { bytes, marks } = batch
    const end = batch.ends[row]!
    let mark = batch.mark[row]!
    while (marks[mark]! < batch.starts[row]!) mark++
    const last = mark + 5
    if (last + 1 >= marks.length || marks[last]! !== end - 1 || marks[last + 1]! < end) return false
    for (let at = mark; at <= last; at++) if (bytes[marks[at]!] !== quote) return false
    if (marks[mark + 3]! + 2 !== marks[mark + 4]! || bytes[marks[mark + 3]! + 1] !== space) return false
    this.#set(referrer, marks[mark + 2]! + 1, marks[mark + 3]!)
    this.#set(agent, marks[mark + 4]! + 1, end - 1)
    return (
      this.#request(bytes, marks[mark]! + 1, marks[mark + 1]!) &&
      this.#reply(bytes, marks[mark + 1]! + 1, marks[mark + 2]!) &&
      this.#head(bytes, batch.starts[row]!, marks[mark]!)
    )
  }

  /** `203.0.113.7 - eve [22/Nov/2026:10:00:00 +0000] `. */
  #head(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start
    for (let part = client; part <= user; part++) {
      const from = at
      while (at < end && bytes[at] !== space) at++
      if (at === from || at >= end) return false
      this.#set(part, from, at++)
    }
    // of the time only where it ends is of interest: whether it is one says who reads it
    if (bytes[at] !== open || bytes[end - 1] !== space || bytes[end - 2] !== close || end - 2 <= at + 1) return false
    for (let inner = at + 1; inner < end - 2; inner++) if (bytes[inner] === close) return false
    this.#set(time, at + 1, end - 2)
    return true
  }

  /** `GET /a?b=c HTTP/1.1`. */
  #request(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start
    while (at < end && (bytes[at]! - 0x41) >>> 0 < 26) at++
    let protocol = end
    while (protocol > at && ((bytes[protocol - 1]! - zero) >>> 0 <= 9 || bytes[protocol - 1] === 0x2e)) protocol--
    const last = protocol - 6
    if (at === start || bytes[at] !== space || protocol === end || last <= at) return false
    if (bytes[last] !== space || bytes[last + 1] !== letterH || bytes[last + 2] !== 0x54 || bytes[last + 3] !== 0x54)
      return false
    if (bytes[last + 4] !== 0x50 || bytes[last + 5] !== 0x2f) return false
    for (let inner = at + 1; inner < last; inner++) if (bytes[inner] === space) return false
    this.#set(message, start, end)
    this.#set(method, start, at)
    this.#set(url, at + 1, last)
    this.#set(version, protocol, end)
    return true
  }

  /** ` 200 5123 `. */
  #reply(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < 7 || bytes[start] !== space || bytes[start + 4] !== space || bytes[end - 1] !== space)
      return false
    for (let at = start + 1; at < start + 4; at++) if ((bytes[at]! - zero) >>> 0 > 9) return false
    const isNone = end - start === 7 && bytes[start + 5] === dash
    for (let at = start + 5; at < end - 1; at++) if ((bytes[at]! - zero) >>> 0 > 9 && !isNone) return false
    this.#set(status, start + 1, start + 4)
    this.#set(bytesSent, start + 5, end - 1)
    return true
  }

  #set(part: number, start: number, end: number): void {
    this.places[2 * part] = start
    this.places[2 * part + 1] = end
  }
}
