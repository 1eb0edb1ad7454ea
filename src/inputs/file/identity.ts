import { hash } from 'node:crypto'
import type { SourceId } from '../../core/source.ts'
import type { FileStat } from './disk.ts'

/** What a fingerprint covers at most, and what of the first row goes into a source id. */
export const headBytes = 1024
/** Bytes before a position by which the place is known again. */
export const markerBytes = 64

/** Which file it is, as far as the file system can tell. Numbers of 64 bits, so decimal text. */
export interface Inode {
  readonly dev: string
  readonly ino: string
  /** Birth in ns; `0` where the file system keeps none. Tells a new file from the one whose inode it got. */
  readonly birth: string
}

/** Nearly all files are on the device of the one before: their numbers are one text. */
let last = { dev: -1n, text: '' }

export function inodeOf(stat: FileStat): Inode {
  if (stat.dev !== last.dev) last = { dev: stat.dev, text: String(stat.dev) }
  return { dev: last.text, ino: String(stat.ino), birth: String(stat.birthtimeNs) }
}

export function keyOf({ dev, ino, birth }: Inode): string {
  return `${dev}:${ino}:${birth}`
}

export function isSameInode(one: FileStat, other: FileStat): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.birthtimeNs === other.birthtimeNs
}

export function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'buffer').toString('hex', 0, 16)
}

/** The first row's bytes within the head: without its line end, at most 1 KiB. */
function firstRow(head: Buffer): Buffer {
  const end = head.indexOf(10)
  return end < 0 ? head : head.subarray(0, end)
}

/** 96 bits, which are the same wherever and whenever this generation of the file is met on this host. */
export function sourceId(hostId: string, inode: Inode, generation: number, head: Buffer): SourceId {
  const name = `${hostId}\u0000${keyOf(inode)}\u0000${generation}\u0000`
  return hash('sha256', Buffer.concat([Buffer.from(name), firstRow(head)]), 'base64url').slice(0, 16)
}
