import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Lanes } from './lanes.ts'
import type { Turns } from './turns.ts'

/** An output, and what it may have to read. */
export interface Bound {
  /** `pipeline/output`. */
  readonly id: string
  /** Infinity: no limit. */
  readonly maxBacklogBytes: number
}

export interface OverflowParts {
  readonly lanes: Lanes
  readonly turns: Turns
  readonly bounds: () => readonly Bound[]
}

interface Behind {
  readonly source: FileSource
  readonly track: Track
  /** Epoch ms: about when the next rows were written. */
  readonly at: number
  readonly bytes: number
}

/** Bounds the backlogs of outputs: what is too much is given up, the oldest first, as far as can be told without reading it. */
export class Overflow {
  readonly #parts: OverflowParts

  constructor(parts: OverflowParts) {
    this.#parts = parts
  }

  /** Called about once a second while there are backlogs. */
  look(): void {
    for (const { id, maxBacklogBytes } of this.#parts.bounds()) {
      if (maxBacklogBytes < Infinity) this.#bound(id, maxBacklogBytes)
    }
  }

  #bound(output: string, most: number): void {
    const { lanes, turns } = this.#parts
    const behind = this.#behind(output)
    let excess = behind.reduce((sum, { bytes }) => sum + bytes, 0) - most
    for (const { source, track, bytes } of behind.toSorted((a, b) => a.at - b.at)) {
      if (excess <= 0) return
      track.giveUpTo = track.read + Math.min(excess, bytes)
      excess -= bytes
      for (const lane of lanes.of(source)) if (lane.takers.some(taker => taker.track === track)) turns.bring(lane)
    }
  }

  #behind(output: string): Behind[] {
    const behind: Behind[] = []
    for (const [source, tracks] of this.#parts.lanes.restless()) {
      const track = tracks.find(one => one.output === output)
      if (track === undefined || source.size <= track.read) continue
      const at = Math.max(source.bornAt, track.lastTime)
      behind.push({ source, track, at, bytes: source.size - track.read })
    }
    return behind
  }
}
