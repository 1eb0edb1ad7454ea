import { crc32 } from 'node:zlib'
import type { Position } from '../../core/source.ts'
import type { Content } from './content.ts'
import { markerBytes } from './identity.ts'

const most = 16

/**
 * Places of a source that were read, by which its bytes are known again in another file. A copy may end before the place that was
 * read last; so some older ones are kept too, the farther apart the farther back.
 */
export class Trail {
  /** Never longer than they have to be: there may be ten thousand sources, most of which were read once. */
  #at: readonly number[] = []
  #checks: readonly number[] = []

  /** `before` are the bytes, up to 64, that stand before the position. */
  add(at: Position, before: Uint8Array): void {
    if (at <= (this.#at.at(-1) ?? 0)) return
    if (this.#at.length === most) this.#thin(at)
    this.#at = this.#at.concat(at)
    this.#checks = this.#checks.concat(crc32(before))
  }

  /** Whether the last place within the first `size` bytes of another file looks the same there; undefined if there is none. Throws the
   * system's errors. */
  standsIn(content: Content, size: number): boolean | undefined {
    const last = this.#at.findLastIndex(at => at <= size)
    if (last < 0) return undefined
    const at = this.#at[last]!
    const bytes = Buffer.allocUnsafe(Math.min(at, markerBytes))
    return content.read([bytes], at - bytes.length) === bytes.length && crc32(bytes) === this.#checks[last]
  }

  /** Drops the place that is the least missed, seen from a new one. */
  #thin(newest: Position): void {
    let drop = 1
    let least = Infinity
    for (let i = 1; i < most - 1; i++) {
      const gap = (this.#at[i + 1]! - this.#at[i - 1]!) / (newest - this.#at[i]!)
      if (gap < least) {
        least = gap
        drop = i
      }
    }
    this.#at = this.#at.toSpliced(drop, 1)
    this.#checks = this.#checks.toSpliced(drop, 1)
  }
}
