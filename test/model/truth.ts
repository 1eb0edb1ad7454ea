import { headBytes } from '../../src/inputs/file/identity.ts'
import type { MemoryInode } from '../fakes/memory-disk.ts'

/** A piece of a line, as one `write` appends it. It names itself: whatever is delivered tells which pieces it is made of. */
export interface Piece {
  readonly id: number
  readonly generation: Generation
  readonly start: number
  readonly end: number
  /** Ends its line. */
  readonly isEnd: boolean
  /** When it was written, virtual ms. */
  readonly at: number
  /** It may be missing, as its bytes are gone and nobody had sent them. */
  isExcused: boolean
  /** Only its beginning was delivered. */
  isTorn: boolean
}

/** What stood in a file from its beginning until it was truncated. */
export class Generation {
  readonly inode: MemoryInode
  readonly pieces: Piece[] = []
  /** Its bytes are not on the disk any more, or only for who has them open. */
  isGone = false
  /** What the collector that runs has read, and has seen to be there. */
  readTo = 0
  seenTo = 0
  /** So many bytes of it are known to have gone: what of them is lost has to be counted. */
  knownTo = Infinity
  /** The first bytes. */
  head = Buffer.alloc(0)

  constructor(inode: MemoryInode) {
    this.inode = inode
  }

  get size(): number {
    return this.pieces.at(-1)?.end ?? 0
  }
}

/** What was written, and what may have become of it: the oracle. */
export class Truth {
  readonly pieces: Piece[] = []
  readonly generations: Generation[] = []
  readonly #current = new Map<MemoryInode, Generation>()

  of(inode: MemoryInode): Generation {
    let generation = this.#current.get(inode)
    if (generation === undefined) {
      generation = new Generation(inode)
      this.#current.set(inode, generation)
      this.generations.push(generation)
    }
    return generation
  }

  /** The text of the next piece, to be told to `wrote` once it stands in the file. */
  next(filler: number, isEnd: boolean): Buffer {
    return Buffer.from(`<${this.pieces.length}>${'x'.repeat(filler)}${isEnd ? '\n' : ''}`)
  }

  wrote(inode: MemoryInode, bytes: Buffer, at: number): Piece {
    const generation = this.of(inode)
    const start = generation.size
    const isEnd = bytes.at(-1) === 10
    const id = this.pieces.length
    const piece = { id, generation, start, end: start + bytes.length, isEnd, at, isExcused: false, isTorn: false }
    generation.pieces.push(piece)
    if (start < headBytes) generation.head = Buffer.concat([generation.head, bytes]).subarray(0, headBytes)
    this.pieces.push(piece)
    return piece
  }

  /** The file is empty now: what comes next is another generation. */
  truncated(inode: MemoryInode): Generation {
    const generation = this.of(inode)
    this.#current.delete(inode)
    return generation
  }
}

/** The pieces that a delivered text is made of; undefined if it is none that was ever written. Of a line that went while it was read,
 * the last piece may be torn. */
export function piecesOf(text: string, pieces: readonly Piece[]): Piece[] | undefined {
  const found: Piece[] = []
  let at = 0
  for (const [whole, id] of text.matchAll(/<(\d+)>x*/g)) {
    const piece = pieces[Number(id)]
    at += whole.length
    if (piece === undefined) return undefined
    const missing = piece.end - piece.start - (piece.isEnd ? 1 : 0) - whole.length
    if (missing < 0 || (missing > 0 && !mayBeTorn(piece, at === text.length))) return undefined
    piece.isTorn ||= missing > 0
    found.push(piece)
  }
  return at === text.length && found.length > 0 ? found : undefined
}

function mayBeTorn({ generation }: Piece, isLast: boolean): boolean {
  return isLast && generation.isGone
}
