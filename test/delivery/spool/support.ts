import { onTestFinished } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import type { Log } from '../../../src/core/log.ts'
import { Meter } from '../../../src/core/metrics.ts'
import type { StoredSource } from '../../../src/core/record.ts'
import { type Block, blockBytes, pack } from '../../../src/delivery/spool/block.ts'
import type { Held } from '../../../src/delivery/spool/held.ts'
import { Spool } from '../../../src/delivery/spool/spool.ts'
import { listeningLog } from '../../state/support.ts'

export interface Opened {
  readonly spool: Spool
  readonly meter: Meter
  readonly log: Log & { readonly lines: string[] }
}

/** Opens a spool that is closed with the test. */
export function openSpool(dir: string, maxBytes = 1 << 30): Opened {
  const meter = new Meter()
  const log = listeningLog()
  const spool = new Spool(dir, { maxBytes, clock: systemClock, log, meter })
  onTestFinished(() => spool.close())
  return { spool, meter, log }
}

export function sourceOf(id: string): StoredSource {
  return { id, input: 'agent', name: `/var/log/${id}.log`, file: { size: 7 }, seenAt: 1 }
}

/** The bytes of a source at a position, other ones at each: hardly packed. */
export function bytesAt(id: string, position: number, length: number): Buffer {
  const known = made.get(`${id} ${position} ${length}`)
  if (known !== undefined) return known
  const bytes = Buffer.allocUnsafe(length)
  let state = (Number.parseInt(id, 36) * 31 + position) | 1
  for (let i = 0; i < length; i++) {
    state = Math.imul(state ^ (state >>> 13), 0x5bd1e995) + 0x6d2b79f5
    bytes[i] = state >>> 24
  }
  made.set(`${id} ${position} ${length}`, bytes)
  return bytes
}
const made = new Map<string, Buffer>()

/** Blocks of equal length, one behind the other. */
export function blocksOf(id: string, from: number, count: number, length = blockBytes): Block[] {
  return Array.from({ length: count }, (_, i) => {
    const position = from + i * length
    return pack(id, position, bytesAt(id, position, length))
  })
}

/** Reads what is held from a position on, in pieces, over gaps; `[position, length]` of each piece that was whole. */
export function readAll(held: Held, length: number, piece = 100_000): { found: number[]; gaps: [number, number][] } {
  const found: number[] = []
  const gaps: [number, number][] = []
  const into = Buffer.alloc(piece)
  let block = Buffer.alloc(0)
  for (let at = held.start; at < held.end; ) {
    const got = held.read(at, into)
    if (got === 0) {
      const next = Math.min(held.next(at), held.end)
      gaps.push([at, next])
      at = next
      continue
    }
    block = Buffer.concat([block, into.subarray(0, got)])
    at += got
    if (block.length < length) continue
    const position = at - length
    if (!block.equals(bytesAt(held.source, position, length))) throw new Error(`Other bytes at ${position}`)
    found.push(position)
    block = Buffer.alloc(0)
  }
  return { found, gaps }
}
