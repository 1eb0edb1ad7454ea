import type { Batch } from '../../core/batch.ts'

const quote = 0x22
const backslash = 0x5c
const space = 0x20
const colon = 0x3a

const logKey = Buffer.from('{"log":"')
const streamKey = Buffer.from('"stream":"std')
const timeKey = Buffer.from('"time":"')
const attrsKey = Buffer.from('"attrs":{')

/** Longest time stamp of a runtime, with its quotes. */
const maxTimeBytes = 48

/** A line is at most one part, and escaped; what is longer is no container's. */
export function longestPart(maxLineBytes: number): number {
  return maxLineBytes * 2 + 1024
}

/**
 * Reads one line as a container runtime wrote it. The numbers it sets are positions in `batch.bytes`; after a line it did not
 * understand they mean nothing.
 */
export class ContainerLine {
  start = 0
  end = 0
  /** Index of the first mark of the content, where the content is a span of the line. */
  mark = 0
  /** The content is the inside of a JSON string with escapes. */
  isEscaped = false
  isStderr = false
  /** The record goes on in a later line of this stream. */
  isPartial = false
  timeStart = 0
  timeEnd = 0

  read(batch: Batch, row: number): boolean {
    const byte = batch.bytes[batch.starts[row]!]!
    if (byte === 0x7b) return this.#readDocker(batch, row)
    return byte >= 0x30 && byte <= 0x39 && this.#readCri(batch, row)
  }

  /** `2026-11-22T10:00:00.123456789Z stdout F text`; tags are parted by colons, the first says whether it is partial. */
  #readCri(batch: Batch, row: number): boolean {
    const { bytes } = batch
    const lineEnd = batch.ends[row]!
    this.timeStart = batch.starts[row]!
    const latest = Math.min(lineEnd, this.timeStart + maxTimeBytes)
    let at = this.timeStart
    while (at < latest && bytes[at] !== space) at++
    this.timeEnd = at
    // the shortest: 20 bytes of time, stream, tag
    if (at - this.timeStart < 20 || at + 9 > lineEnd || bytes[at] !== space) return false
    if (!this.#readStream(bytes, at + 1) || bytes[at + 7] !== space) return false
    const tag = bytes[at + 8]
    if (tag !== 0x46 && tag !== 0x50) return false
    this.isPartial = tag === 0x50
    at += 9
    if (at < lineEnd && bytes[at] === colon) while (at < lineEnd && bytes[at] !== space) at++
    if (at < lineEnd && bytes[at] !== space) return false
    this.start = Math.min(at + 1, lineEnd)
    this.end = lineEnd
    this.isEscaped = false
    this.mark = markAt(batch, batch.mark[row]!, this.start)
    return true
  }

  /** `stdout` or `stderr`. */
  #readStream(bytes: Uint8Array, at: number): boolean {
    if (bytes[at] !== 0x73 || bytes[at + 1] !== 0x74 || bytes[at + 2] !== 0x64) return false
    return this.#readStreamEnd(bytes, at + 3)
  }

  #readStreamEnd(bytes: Uint8Array, at: number): boolean {
    this.isStderr = bytes[at] === 0x65
    if (this.isStderr) return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x72
    return bytes[at] === 0x6f && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x74
  }

  /** `{"log":"text\n","stream":"stdout","time":"2026-11-22T10:00:00.123456789Z"}`, with `attrs` in between where labels are logged. */
  #readDocker(batch: Batch, row: number): boolean {
    const { bytes, marks } = batch
    const lineStart = batch.starts[row]!
    const lineEnd = batch.ends[row]!
    if (!startsWith(bytes, lineStart, logKey)) return false
    let mark = markAt(batch, batch.mark[row]!, lineStart + logKey.length)
    this.start = lineStart + logKey.length
    this.mark = mark
    let escapes = 0
    let lastEscape = -1
    for (; marks[mark]! < lineEnd && bytes[marks[mark]!] !== quote; mark++) {
      if (bytes[marks[mark]!] !== backslash) return false
      lastEscape = marks[mark]!
      escapes++
      if (marks[mark + 1] === lastEscape + 1) mark++
    }
    const end = marks[mark]!
    if (end >= lineEnd) return false
    const hasEnd = lastEscape === end - 2 && bytes[end - 1] === 0x6e
    this.isPartial = !hasEnd
    this.end = hasEnd ? end - 2 : end
    this.isEscaped = escapes > (hasEnd ? 1 : 0)
    return this.#readDockerRest(bytes, end + 1, lineEnd)
  }

  #readDockerRest(bytes: Uint8Array, start: number, lineEnd: number): boolean {
    let at = start + 1 + streamKey.length
    if (bytes[start] !== 0x2c || !startsWith(bytes, start + 1, streamKey)) return false
    if (!this.#readStreamEnd(bytes, at) || bytes[at + 3] !== quote || bytes[at + 4] !== 0x2c) return false
    at += 5
    this.timeEnd = lineEnd - 2
    if (bytes[lineEnd - 1] !== 0x7d || bytes[lineEnd - 2] !== quote) return false
    let timeStart = this.timeEnd
    while (timeStart > at && this.timeEnd - timeStart < maxTimeBytes && bytes[timeStart - 1] !== quote) timeStart--
    this.timeStart = timeStart
    const key = timeStart - timeKey.length
    if (key < at || !startsWith(bytes, key, timeKey)) return false
    return key === at || (startsWith(bytes, at, attrsKey) && bytes[key - 1] === 0x2c && bytes[key - 2] === 0x7d)
  }
}

function markAt(batch: Batch, from: number, position: number): number {
  let mark = from
  while (batch.marks[mark]! < position) mark++
  return mark
}

function startsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}
