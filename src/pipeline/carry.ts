/** A lane without an unfinished line keeps no more memory than this for the next one, bytes. */
const mostIdle = 4096
const least = 1024
const nothing = Buffer.alloc(0)

/** What is unfinished at the end of a chunk: it goes in front of the next bytes. */
export class Carry {
  #bytes: Buffer = nothing
  /** Of what is kept. */
  length = 0

  /** Puts it at the beginning of the next chunk. */
  copyTo(chunk: Buffer): void {
    this.#bytes.copy(chunk, 0, 0, this.length)
  }

  /** Keeps these bytes of a chunk in place of what it has. */
  keep(chunk: Buffer, from: number, to: number): void {
    this.length = to - from
    // There may be ten thousand lanes, and most are at the end of a line.
    if (this.length === 0 && this.#bytes.length > mostIdle) this.#bytes = nothing
    if (this.#bytes.length < this.length) this.#bytes = Buffer.allocUnsafeSlow(Math.max(least, this.length * 2))
    chunk.copy(this.#bytes, 0, from, to)
  }

  /** It is not needed any more, and takes no memory. */
  drop(): void {
    this.length = 0
    this.#bytes = nothing
  }
}
