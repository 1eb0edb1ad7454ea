import { expect } from 'vitest'
import { Flag, parseErrors } from '../../src/core/row.ts'
import { Idle, type Source } from '../../src/core/source.ts'
import type { Framer } from '../../src/core/steps.ts'
import { Arena } from '../../src/scan/arena.ts'

export const arena = new Arena(8192)
export const batch = arena.newBatch()

export interface Row {
  readonly text: string
  readonly position: number
  readonly length: number
  readonly flags: number
  readonly error: string
  readonly time: number
  readonly nanos: number
}

/** As much of a source as framers need, for reading again. */
export function sourceOf(input: Buffer, broken = false): Source {
  const read = (at: number, into: Uint8Array): number => {
    const got = input.copy(into, 0, at, Math.min(at + 1000, input.length))
    return broken || got === 0 ? Idle : got
  }
  return { read } as Source
}

/** What the last `frame` cut off. */
export let cutBytes = 0

/** Frames bytes that arrive in pieces of these sizes, over and over. */
export function frame(framer: Framer, input: Buffer, sizes: readonly number[], cuts: readonly number[] = []): Row[] {
  return frameFrom(framer, input, { from: 0, sizes, cuts })
}

/** The same for what begins at a position of the source. */
export function frameFrom(
  framer: Framer,
  input: Buffer,
  { from, sizes, cuts = [] }: { from: number; sizes: readonly number[]; cuts?: readonly number[] }
): Row[] {
  const rows: Row[] = []
  cutBytes = 0
  let base = from
  let carry = Buffer.alloc(0)
  const process = (size: number, final: boolean): void => {
    batch.source = sourceOf(input)
    batch.bytes = arena.bytes
    carry.copy(arena.bytes)
    batch.size = size
    batch.base = base
    batch.clear()
    arena.index(batch)
    const cutAt = cuts.find(cut => cut > base) ?? Infinity
    const next = framer.frame(batch, arena.lines, cutAt, final)
    expect(next).toBeGreaterThanOrEqual(0)
    expect(next).toBeLessThanOrEqual(size)
    carry = Buffer.from(batch.bytes.subarray(next, size))
    base += next
    cutBytes += framer.cutBytes
    for (let row = 0; row < batch.rows; row++) rows.push(readRow(row))
  }
  for (let at = from, i = 0; at < input.length; i++) {
    const nextCut = cuts.find(cut => cut > base) ?? Infinity
    const size = Math.min(sizes[i % sizes.length]!, input.length - at, nextCut - at, 8192 - carry.length)
    input.copy(arena.bytes, carry.length, at, at + size)
    at += size
    process(carry.length + size, false)
  }
  process(carry.length, true)
  expect(framer.heldFrom).toBe(Infinity)
  expect(framer.heldBytes).toBe(0)
  return rows
}

/** Puts bytes of a source into the batch. */
export function load(bytes: Buffer, base: number): void {
  batch.bytes = arena.bytes
  bytes.copy(arena.bytes)
  batch.size = bytes.length
  batch.base = base
  batch.clear()
  arena.index(batch)
}

function readRow(row: number): Row {
  const start = batch.starts[row]!
  const end = batch.ends[row]!
  expectMarks(row, start, end)
  expect(start).toBeLessThanOrEqual(end)
  const hasTime = (batch.flags[row]! & Flag.hasTime) !== 0
  return {
    text: batch.bytes.latin1Slice(start, end),
    position: batch.positions[row]!,
    length: batch.lengths[row]!,
    flags: batch.flags[row]!,
    error: parseErrors[batch.errors[row]!]!,
    time: hasTime ? batch.time[row]! : 0,
    nanos: hasTime ? batch.nanos[row]! : 0
  }
}

/** The row's marks are its quotes, backslashes and control characters. */
function expectMarks(row: number, start: number, end: number): void {
  let mark = batch.mark[row]!
  for (let at = start; at < end; at++) {
    const byte = batch.bytes[at]!
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) expect(batch.marks[mark++]).toBe(at)
  }
  expect(batch.marks[mark]!).toBeGreaterThanOrEqual(end)
}
