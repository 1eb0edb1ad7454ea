import { describe, expect, test } from 'vitest'
import { SendError } from '../../src/core/errors.ts'
import { pendingRows } from '../../src/core/outcome.ts'
import { type Verdicts } from '../../src/core/output.ts'
import { Track } from '../../src/delivery/track.ts'
import { randomOf } from '../fakes/random.ts'
import { sourceOf } from '../fakes/source.ts'
import { batchOf, roomOf } from './support.ts'

const totalRows = 20_000
const isPoison = (row: string): boolean => Number(row.split(':')[1]) % 50 === 7

describe('delivery under chaos', () => {
  test.each([1, 2, 3])('delivery stores every row exactly once whatever the server does (seed %i)', async seed => {
    const random = randomOf(seed)
    const store = new Map<string, number>()
    const room = roomOf({ batchBytes: 4000, maxInFlightBytes: 64_000, random })
    const { clock, link, output, delivery } = room
    const commit = (rows: readonly string[], eachMayFail: boolean): Verdicts => {
      const verdict = new Uint8Array(rows.length)
      const refusals = new Map()
      for (const [i, row] of rows.entries()) {
        const dice = random()
        if (eachMayFail && dice < 0.15) {
          verdict[i] = 2
        } else if (isPoison(row)) {
          verdict[i] = 3
          refusals.set(i, { status: 400, type: 'document_parsing_exception', reason: 'no' })
        } else if (store.has(row)) {
          verdict[i] = 1
        } else {
          store.set(row, 1)
        }
      }
      return { each: { verdict, refusals }, requestBytes: 1 }
    }
    output.answer = rows => {
      const dice = random()
      if (dice < 0.05) {
        commit(rows, true)
        throw new SendError('cut after commit', 'retry', { unknown: true })
      }
      if (dice < 0.1) throw new SendError('cut before commit', 'retry', { unknown: true })
      if (dice < 0.12) throw new SendError('status 413', 'split', { status: 413 })
      if (dice < 0.15) {
        commit(rows, true)
        throw new Error('Unexpected token < in JSON')
      }
      return commit(rows, true)
    }
    const tracks = ['a', 'b', 'c'].map(id => new Track(sourceOf({ id }), 'main/es', undefined, 0))
    const expected = appendAll(room, tracks, random)
    for (;;) {
      const more = expected.next()
      await clock.advance(5)
      for (const track of tracks) {
        expect(pendingRows(track.ledger())).toBe(track.pendingRows)
        const taken = track.takeCursor()
        if (taken !== undefined) expect(pendingRows(taken.ledger)).toBe(0)
      }
      if (more.done === true) break
    }
    await clock.until(() => delivery.status().pendingRows === 0)
    const rows = [...allRows(tracks)]
    expect(rows).toHaveLength(totalRows)
    const ideal = rows.join('').length / 4000
    // these odds cost 1.36 requests for one at least, and small numbers scatter
    expect(output.sent.length).toBeLessThan(ideal * 3)
    expect(store.size).toBe(rows.filter(row => !isPoison(row)).length)
    const letters = link.letters.map(({ row }) => Buffer.from(row).toString())
    expect(letters.sort()).toEqual(rows.filter(isPoison).sort())
    expect(delivery.status()).toMatchObject({ idCollisions: 0, bufferedBytes: 0, state: 'running' })
    for (const track of tracks) expect(track.settled).toBe(track.read)
    for (const row of rows) if (!isPoison(row)) expect(store.has(row)).toBe(true)
  })
})

/** Appends chunks to random tracks while there is room, one a step. */
function* appendAll(room: ReturnType<typeof roomOf>, tracks: readonly Track[], random: () => number) {
  for (let left = totalRows; left > 0; ) {
    if (room.delivery.hasRoom()) {
      const track = tracks[Math.floor(random() * tracks.length)]!
      const count = Math.min(left, 1 + Math.floor(random() * 400))
      const batch = batchOf(
        track.source,
        track.read,
        Array.from({ length: count }, () => 'some-line')
      )
      room.delivery.append(track, batch, track.read + batch.size, Number.POSITIVE_INFINITY, 0)
      batch.bytes.fill(0xdd)
      left -= count
    }
    yield
  }
}

/** The rows as the output encodes them. */
function* allRows(tracks: readonly Track[]): Generator<string> {
  for (const track of tracks) {
    for (let at = 0; at < track.read; at += 10) yield `${track.source.id}:${at}:some-line\n`
  }
}
