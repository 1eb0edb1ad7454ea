import { array, assert, boolean, constantFrom, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fate, Flag } from '../../src/core/row.ts'
import { type Ledger, newLedger, pendingRows } from '../../src/core/outcome.ts'
import { countFates } from '../../src/delivery/fates.ts'
import { Track } from '../../src/delivery/track.ts'
import { sourceOf } from '../fakes/source.ts'
import { batchOf } from './support.ts'

const never = Number.POSITIVE_INFINITY
const source = sourceOf({ id: 'a' })
const fates = new Int32Array(Object.keys(Fate).length)

/** Rows of ten bytes, and so many bytes more. */
function add(track: Track, rows: number, heldFrom = never, fate: number[] = [], more = 0): number {
  const batch = batchOf(
    source,
    track.read,
    Array.from({ length: rows }, () => '123456789'),
    fate
  )
  countFates(batch, fates)
  return track.append(batch, track.read + Math.max(10, rows * 10) + more, heldFrom, fates)
}

describe('track', () => {
  test('track moves its cursor only over what has ended, in order', () => {
    const track = new Track(source, 'o', undefined, 0)
    const first = add(track, 2)
    const second = add(track, 3)
    track.takeCursor()
    track.end(second, 0, 3)
    expect(track.settled).toBe(0)
    expect(track.takeCursor()).toBeUndefined()
    track.end(first, 0, 1)
    expect(track.settled).toBe(0)
    track.end(first, 6, 1)
    expect(track.settled).toBe(50)
    expect(track.takeCursor()).toMatchObject({ position: 50, ledger: { read: 5, rows: [4, 0, 0, 0, 0, 0, 1] } })
    expect(track.takeCursor()).toBeUndefined()
  })

  test('track hands out the ledger of exactly the rows before the cursor, with those of earlier runs', () => {
    const ledger: Ledger = { ...newLedger(), read: 7, rows: [7, 0, 0, 0, 0, 0, 0], lostBytes: { deleted_unread: 3 } }
    const track = new Track(source, 'o', { source: 'a', output: 'o', position: 100, marker: '', ledger }, 100)
    expect(track.takeCursor()).toBeUndefined()
    const first = add(track, 2)
    add(track, 4)
    track.end(first, 1, 2)
    expect(track.takeCursor()).toEqual({
      position: 120,
      ledger: { ...ledger, read: 9, rows: [7, 2, 0, 0, 0, 0, 0] }
    })
    expect(pendingRows(track.ledger())).toBe(4)
    expect(track.ledger().read).toBe(13)
  })

  test('track at rest keeps what was stored, and goes on from it', () => {
    const ledger: Ledger = { ...newLedger(), read: 7, rows: [7, 0, 0, 0, 0, 0, 0] }
    const track = new Track(source, 'o', { source: 'a', output: 'o', position: 100, marker: '', ledger }, 100)
    expect(track.ledger()).toBe(ledger)
    track.end(add(track, 2), 0, 2)
    const stored = track.takeCursor()!.ledger
    expect(track.ledger()).toBe(stored)
    track.end(add(track, 3), 1, 3)
    expect(track.takeCursor()?.ledger).toEqual({ ...ledger, read: 12, rows: [9, 3, 0, 0, 0, 0, 0] })
    expect([ledger.read, stored.read]).toEqual([7, 9])
  })

  test('track knows the time of the last row that has one of its own', () => {
    const track = new Track(source, 'o', undefined, 0)
    const addTimed = (...times: (number | undefined)[]): void => {
      const texts = times.map(() => '123456789')
      const batch = batchOf(source, track.read, texts)
      for (const [row, time] of times.entries()) {
        batch.time[row] = time ?? 1e12
        if (time === undefined) batch.flags[row]! |= Flag.timeRead
      }
      countFates(batch, fates)
      track.append(batch, track.read + batch.size, never, fates)
    }
    addTimed(undefined, undefined)
    expect(track.lastTime).toBe(-Infinity)
    addTimed(5000, 4000, undefined, undefined)
    expect(track.lastTime).toBe(4000)
    addTimed(undefined)
    addTimed()
    expect(track.lastTime).toBe(4000)
    addTimed(undefined, 6000)
    expect(track.lastTime).toBe(6000)
  })

  test('track stays before a record that is begun and not given out', () => {
    const track = new Track(source, 'o', undefined, 0)
    const first = add(track, 5, 40)
    track.end(first, 0, 5)
    expect(track.settled).toBe(0)
    const second = add(track, 5)
    expect(track.settled).toBe(0)
    track.end(second, 0, 5)
    expect(track.settled).toBe(100)
  })

  test('track stands at the start of a group that is open at the end of each chunk', () => {
    const track = new Track(source, 'o', undefined, 0)
    for (let chunk = 0; chunk < 10; chunk++) {
      const range = add(track, 4, track.read + 40, [], 5)
      expect(track.settled).toBe(chunk === 0 ? 0 : chunk * 45 - 5)
      track.end(range, 0, 4)
    }
    expect(track.settled).toBe(445)
  })

  test('track does not stand where a row of another stream goes across', () => {
    const track = new Track(source, 'o', undefined, 0)
    track.end(add(track, 4, 35), 0, 4)
    expect(track.settled).toBe(0)
    track.end(add(track, 4, 40), 0, 4)
    expect(track.settled).toBe(0)
    track.end(add(track, 1), 0, 1)
    expect(track.settled).toBe(90)
  })

  test('track counts lost bytes without rows and passes them in order', () => {
    const track = new Track(source, 'o', undefined, 0)
    const first = add(track, 1)
    track.skip(10, 500, 'truncated_gap', 490)
    track.skip(500, 500, 'deleted_unread', 3)
    expect(track.settled).toBe(0)
    track.end(first, 0, 1)
    expect(track.settled).toBe(500)
    expect(track.ledger().lostBytes).toEqual({ truncated_gap: 490, deleted_unread: 3 })
  })

  test('track counts bytes cut off rows together with these rows', () => {
    const track = new Track(source, 'o', undefined, 0)
    const batch = batchOf(source, 0, ['x'.repeat(59)])
    batch.cutBytes = 40
    countFates(batch, fates)
    const range = track.append(batch, 100, 60, fates)
    track.end(range, 0, 1)
    expect(track.takeCursor()).toMatchObject({ position: 60, ledger: { read: 1, lostBytes: { too_large: 40 } } })
  })

  test('track refuses gaps, and more ends than rows', () => {
    const track = new Track(source, 'o', undefined, 0)
    expect(() => track.skip(5, 9, 'deleted_unread', 4)).toThrow('read up to 0')
    const range = add(track, 1)
    expect(() => track.end(range, 0, 2)).toThrow('More rows')
  })

  test('track takes no memory for filtered chunks behind a pending one', () => {
    const track = new Track(source, 'o', undefined, 0)
    const first = add(track, 1)
    const filtered = new Set<number>()
    for (let i = 0; i < 1000; i++) filtered.add(add(track, 2, never, [Fate.filtered, Fate.sampled]))
    expect(filtered.size).toBe(1)
    track.end(first, 0, 1)
    expect(track.settled).toBe(track.read)
    expect(track.takeCursor()?.ledger).toMatchObject({ read: 2001, rows: [1, 0, 1000, 1000, 0, 0, 0] })
  })

  test('track agrees with a naive account, whatever the order of settling', () => {
    const chunk = record({
      rows: array(constantFrom(0, 0, 0, 1, 2, 3, 4, 5), { maxLength: 6 }),
      held: constantFrom('none', 'none', 'tail', 'stay'),
      picks: array(record({ at: nat(), end: nat(6), lose: boolean() }), { maxLength: 8 }),
      lost: constantFrom(0, 0, 0, 13),
      cut: constantFrom(0, 0, 7)
    })
    assert(
      property(array(chunk, { maxLength: 150 }), chunks => {
        const model = new NaiveTrack()
        for (const { rows, held, picks, lost, cut } of chunks) {
          model.append(rows, held, cut)
          if (lost > 0) model.skip(lost)
          model.check()
          for (const { at, end, lose } of picks) model.settle(at, end, lose)
        }
        model.settleAll()
      }),
      { numRuns: 300 }
    )
  })
})

interface NaiveRow {
  readonly position: number
  readonly to: number
  readonly range: number
  readonly cutBytes: number
  end: number
}

/** Every row as an object, every border found by looking at all of them. */
class NaiveTrack {
  readonly track = new Track(source, 'o', undefined, 0)
  readonly rows: NaiveRow[] = []
  readonly gaps: { readonly at: number; readonly bytes: number }[] = []
  /** Positions where a cursor may stand, if all rows before have ended. */
  borders: number[] = [0]
  held = never

  append(kinds: readonly number[], held: string, cutBytes: number): void {
    const base = this.track.read
    const kept = held === 'tail' ? [...kinds, 0] : kinds
    const batch = batchOf(
      source,
      base,
      kept.map(() => '123456789'),
      kept
    )
    const to = base + Math.max(10, batch.size)
    if (held === 'tail') batch.rows--
    const heldRow = held === 'tail' ? base + kinds.length * 10 : never
    if (held !== 'stay' && this.held !== never) this.release(batch, kinds.length % 2 === 0 ? this.held + 10 : to)
    if (held !== 'stay') this.held = heldRow
    batch.cutBytes = cutBytes * batch.rows
    countFates(batch, fates)
    const range = this.track.append(batch, to, this.held, fates)
    for (let row = 0; row < batch.rows; row++) {
      const fate = batch.fate[row]!
      const end = fate === 0 || fate === 5 ? -1 : fate + 1
      const position = batch.positions[row]!
      this.rows.push({ position, to: position + batch.lengths[row]!, range, cutBytes, end })
    }
    this.#mark(to)
  }

  /** The held record comes out first, with a position before the chunk. Rows of another stream may stand within it. */
  release(batch: ReturnType<typeof batchOf>, to: number): void {
    batch.addRow(0, 0, this.held, to - this.held, 0)
  }

  skip(bytes: number): void {
    const at = this.track.read
    this.track.skip(at, at + bytes, 'truncated_gap', bytes)
    this.gaps.push({ at, bytes })
    this.#mark(at + bytes)
  }

  settle(pick: number, end: number, lose: boolean): void {
    const open = this.rows.filter(row => row.end < 0)
    if (open.length === 0) return
    const row = open[pick % open.length]!
    row.end = lose ? 7 : end
    if (lose) this.track.lose(row.range, 'dead_letters_full', 1)
    else this.track.end(row.range, end, 1)
    this.check()
  }

  settleAll(): void {
    while (this.rows.some(row => row.end < 0)) this.settle(0, 0, false)
    if (this.held === never) expect(this.track.settled).toBe(this.track.read)
  }

  check(): void {
    const open = this.rows.filter(row => row.end < 0)
    const first = Math.min(...open.map(row => row.position), never)
    const firstRange = Math.min(...open.map(row => row.range), never)
    const place = Math.max(...this.borders.filter(at => at <= first && this.#isBefore(at, firstRange)))
    expect(this.track.settled).toBe(place)
    expect(this.track.pendingRows).toBe(open.length)
    expect(pendingRows(this.track.ledger())).toBe(open.length)
    this.#checkTaken()
  }

  #checkTaken(): void {
    const taken = this.track.takeCursor()
    if (taken === undefined) return
    const before = this.rows.filter(row => row.position < taken.position)
    const count = (end: number): number => before.filter(row => row.end === end).length
    expect(taken.ledger.read).toBe(before.length)
    expect(taken.ledger.rows).toEqual([0, 1, 2, 3, 4, 5, 6].map(count))
    expect(taken.ledger.lostRows.dead_letters_full ?? 0).toBe(count(7))
    expect(taken.ledger.lostBytes.too_large ?? 0).toBe(before.reduce((sum, row) => sum + row.cutBytes, 0))
    const gaps = this.gaps.filter(gap => gap.at < taken.position)
    expect(taken.ledger.lostBytes.truncated_gap ?? 0).toBe(gaps.reduce((sum, gap) => sum + gap.bytes, 0))
    expect(pendingRows(taken.ledger)).toBe(0)
  }

  /** All rows before the place were given out by ranges before the first open one. */
  #isBefore(at: number, firstRange: number): boolean {
    return this.rows.every(row => row.position >= at || row.range < firstRange || row.end >= 0)
  }

  /** A place is a border when no record lies across it and nothing that ends behind it was given out before. */
  #mark(to: number): void {
    const at = Math.min(to, this.held)
    if (this.held < to && this.rows.some(row => row.to > at)) return
    if (this.held < to && this.gaps.some(gap => gap.at >= at)) return
    this.borders.push(at)
  }
}
