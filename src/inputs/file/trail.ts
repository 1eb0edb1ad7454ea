import { crc32 } from 'node:zlib'
import type { Position } from '../../core/source.ts'
import type { Content } from './content.ts'
import { markerBytes } from './identity.ts'

const most = 16
/** Numbers of a place. */
const width = 2
const nowhere: readonly number[] = []

/**
 * Places of a source that were read, by which its bytes are known again in another file. A copy may end before the place that was
 * read last; so some older ones are kept too, the farther apart the farther back.
 */
export class Trail {
  /** Each position, followed by its check. Never longer than it has to be: there may be ten thousand sources, most of which were read
   * once. */
  #places: readonly number[] = nowhere

  /** `before` are the bytes, up to 64, that stand before the position. */
  add(at: Position, before: Uint8Array): void {
    if (at <= (this.#places.at(-width) ?? 0)) return
    if (this.#places.length === most * width) this.#thin(at)
    this.#places = this.#places.concat(at, crc32(before))
  }

  /** Whether the last place within the first `size` bytes of another file looks the same there; undefined if there is none. Throws the
   * system's errors. */
  standsIn(content: Content, size: number): boolean | undefined {
    let last = this.#places.length - width
    while (last >= 0 && this.#places[last]! > size) last -= width
    if (last < 0) return undefined
    const at = this.#places[last]!
    const bytes = Buffer.allocUnsafe(Math.min(at, markerBytes))
    return content.read([bytes], at - bytes.length) === bytes.length && crc32(bytes) === this.#places[last + 1]
  }

  /** Drops the place that is the least missed, seen from a new one. */
  #thin(newest: Position): void {
    const places = this.#places
    let drop = width
    let least = Infinity
    for (let i = width; i < places.length - width; i += width) {
      const gap = (places[i + width]! - places[i - width]!) / (newest - places[i]!)
      if (gap < least) {
        least = gap
        drop = i
      }
    }
    this.#places = places.toSpliced(drop, width)
  }
}
