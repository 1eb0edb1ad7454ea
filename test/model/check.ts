import { ends, lossReasons, newLedger, addLedger, type Ledger, endOf } from '../../src/core/outcome.ts'
import { fromStored } from '../../src/inputs/file/stored.ts'
import { type Generation, type Piece, piecesOf } from './truth.ts'
import type { World } from './world.ts'

/** A line is not cut before it was quiet for so long, ms: that is how long a file that was rotated away is waited for. */
const leastQuietMs = 1900

/** What is wrong with what was delivered: one sentence each. */
export function wrongRows(world: World): string[] {
  const { pieces } = world.truth
  const wrong: string[] = []
  const counts = new Map<Piece, number>()
  for (const [id, text] of world.store.documents) {
    const found = piecesOf(text, pieces)
    if (found === undefined) {
      wrong.push(`corrupt: ${id} ${text.slice(0, 60)}`)
      continue
    }
    for (const piece of found) counts.set(piece, (counts.get(piece) ?? 0) + 1)
    const problem = problemOf(found)
    if (problem !== '') wrong.push(`${problem}: ${found.map(piece => piece.id).join()}`)
  }
  for (const piece of pieces) {
    const count = counts.get(piece) ?? 0
    if (count > 1) wrong.push(`twice: ${piece.id}`)
    if (count === 0 && !isExcused(world, piece)) wrong.push(`lost: ${piece.id}`)
  }
  return wrong
}

/** Whether the pieces may stand in one row. */
function problemOf(found: readonly Piece[]): string {
  const { generation } = found[0]!
  const first = generation.pieces.indexOf(found[0]!)
  for (const [index, piece] of found.entries()) {
    if (generation.pieces[first + index] !== piece) return 'not in a row'
    if (piece.isEnd && index < found.length - 1) return 'two lines in one row'
  }
  const before = generation.pieces[first - 1]
  if (before !== undefined && !before.isEnd && found[0]!.at - before.at < leastQuietMs) return 'begins inside a line'
  return ''
}

function isExcused(world: World, piece: Piece): boolean {
  if (piece.isExcused) return true
  const { generation } = piece
  // Renamed to where nobody looks before anybody had met it.
  return generation.readTo === 0 && !world.matches(generation.inode) && !world.wasKnown(generation.inode)
}

/** What is wrong with the accounts of a collector that has stopped: all of them together have to explain what is missing. */
export function wrongAccounts(world: World): string[] {
  const wrong: string[] = []
  const total = newLedger()
  for (const ledger of world.state.ledgers()) {
    if (ledger.read + ledger.derived !== endedRows(ledger)) wrong.push(`ledger: ${JSON.stringify(ledger)}`)
    addLedger(total, ledger)
  }
  const sent = total.rows[endOf.delivered]! + total.rows[endOf.duplicate]!
  const stored = world.store.documents.size
  if (sent > stored || (world.abruptEnds === 0 && sent !== stored)) {
    wrong.push(`ledger: ${sent} rows were delivered, ${stored} are in the store`)
  }
  return [...wrong, ...wrongLosses(world)]
}

function endedRows(ledger: Ledger): number {
  let ended = 0
  for (const end of ends) ended += ledger.rows[endOf[end]]!
  for (const reason of lossReasons) ended += ledger.lostRows[reason] ?? 0
  return ended
}

/** For each file: at least what was known and is missing has to be counted as lost, and nothing that did not go. */
function wrongLosses(world: World): string[] {
  const delivered = world.delivered()
  const counted = lostByInode(world)
  const wrong: string[] = []
  const files = Map.groupBy(world.truth.generations, ({ inode }) => inode)
  for (const [inode, generations] of files) {
    let least = 0
    let most = 0
    for (const generation of generations) {
      least += missing(generation, piece => !delivered.has(piece.id) && piece.end <= generation.knownTo)
      if (!generation.isGone) continue
      most += missing(generation, piece => world.abruptEnds > 0 || piece.isTorn || !delivered.has(piece.id))
    }
    const lost = counted.get(`${inode.ino}:${inode.birthNs}`) ?? 0
    if (lost < least) wrong.push(`lost unseen: ${least - lost} bytes of ${inode.ino}, ${lost} are counted`)
    if (lost > most) wrong.push(`counted as lost: ${lost} bytes of ${inode.ino}, ${most} can be`)
  }
  return wrong
}

function missing({ pieces, isGone }: Generation, isMissing: (piece: Piece) => boolean): number {
  if (!isGone) return 0
  return pieces.filter(isMissing).reduce((sum, { start, end }) => sum + end - start, 0)
}

function lostByInode({ state }: World): Map<string, number> {
  const inodes = new Map<string, string>()
  for (const record of state.durableRecords) {
    if (record.kind !== 'source') continue
    const { id, ino, birth } = fromStored(record.source)
    inodes.set(id, `${ino}:${birth}`)
  }
  const lost = new Map<string, number>()
  for (const { source, ledger } of state.accounts.values()) {
    const inode = inodes.get(source) ?? ''
    for (const reason of lossReasons) lost.set(inode, (lost.get(inode) ?? 0) + (ledger.lostBytes[reason] ?? 0))
  }
  return lost
}
