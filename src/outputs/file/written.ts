import type { Shipment } from '../../core/output.ts'
import type { Position, SourceId } from '../../core/source.ts'

/** A source that has no cursor any more was forgotten; one that has none yet gets it within seconds, unless nobody can read it. */
const keptMs = 7 * 86_400_000

/** Where rows that were written together begin, by their source. */
interface Written {
  /** Epoch ms. */
  readonly at: number
  readonly places: Map<SourceId, Position[]>
}

/** As it is stored: of each source the first place, then the distance of each to the one before. */
export type StoredWritten = readonly [at: number, places: Readonly<Record<SourceId, readonly number[]>>]

/**
 * Rows that stand in the file and are not before their cursor yet: after a kill they come again. There are as many as are written between
 * two commits of cursors, one second, and some more where an unfinished record holds a cursor back.
 */
export class WrittenRows {
  #all: Written[]
  #index: Map<SourceId, Set<Position>> | undefined

  constructor(stored: readonly StoredWritten[]) {
    this.#all = stored.map(([at, places]) => ({
      at,
      places: new Map(Object.entries(places).map(([source, distances]) => [source, positionsOf(distances)]))
    }))
  }

  /** Marks the rows of a shipment that are written already; undefined: none is. */
  find(shipment: Shipment): Uint8Array | undefined {
    const { mayRepeat, rows, rowPositions } = shipment
    if (mayRepeat === undefined) {
      this.#index = undefined
      return undefined
    }
    const index = (this.#index ??= this.#makeIndex())
    let found: Uint8Array | undefined
    for (let row = 0; row < rows; row++) {
      if (mayRepeat[row] !== 1 || index.get(shipment.sourceOf(row))?.has(rowPositions[row]!) !== true) continue
      found ??= new Uint8Array(rows)
      found[row] = 1
    }
    return found
  }

  /** Adds the rows of a shipment that are not `known`. */
  add(shipment: Shipment, known: Uint8Array | undefined, at: number): void {
    const places = new Map<SourceId, Position[]>()
    for (let row = 0; row < shipment.rows; row++) {
      if (known?.[row] === 1) continue
      const source = shipment.sourceOf(row)
      const positions = places.get(source)
      if (positions === undefined) places.set(source, [shipment.rowPositions[row]!])
      else positions.push(shipment.rowPositions[row]!)
    }
    this.#all.push({ at, places })
    if (this.#index !== undefined) addTo(this.#index, places)
  }

  /** Those that were added last are not in the file. */
  dropLast(): void {
    this.#all.pop()
    this.#index = undefined
  }

  /** Forgets what no start will read again. */
  forget(cursor: (source: SourceId) => Position, now: number): void {
    for (const { places } of this.#all) {
      for (const [source, positions] of places) if (cursor(source) > highest(positions)) places.delete(source)
    }
    this.#all = this.#all.filter(({ at, places }) => places.size > 0 && now - at < keptMs)
  }

  stored(): StoredWritten[] {
    return this.#all.map(({ at, places }) => [
      at,
      Object.fromEntries([...places].map(([source, positions]) => [source, distancesOf(positions)]))
    ])
  }

  #makeIndex(): Map<SourceId, Set<Position>> {
    const index = new Map<SourceId, Set<Position>>()
    for (const { places } of this.#all) addTo(index, places)
    return index
  }
}

function addTo(index: Map<SourceId, Set<Position>>, places: Written['places']): void {
  for (const [source, positions] of places) {
    const known = index.get(source) ?? new Set()
    index.set(source, known)
    for (const position of positions) known.add(position)
  }
}

function highest(positions: readonly Position[]): Position {
  let most = 0
  for (const position of positions) most = Math.max(most, position)
  return most
}

function distancesOf(positions: readonly Position[]): number[] {
  return positions.map((position, i) => position - (positions[i - 1] ?? 0))
}

function positionsOf(distances: readonly number[]): Position[] {
  let position = 0
  return distances.map(distance => (position += distance))
}
