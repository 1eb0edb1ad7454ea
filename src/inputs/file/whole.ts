import { noLink } from '../../core/record.ts'
import { Archive, archiveFormat } from './archive.ts'
import type { Opened } from './content.ts'
import { systemDisk } from './disk.ts'
import { Handle } from './handle.ts'
import { fingerprintOf } from './head.ts'
import { inodeOf } from './identity.ts'
import { Slots } from './slots.ts'
import { FileSource } from './source.ts'

/** What is read once, from its beginning to its end. */
export interface Whole {
  /** As its rows name it. */
  readonly path: string
  readonly content: Opened
  /** Of the content; of an archive, of the file. */
  readonly bytes: number
  /** No row is younger, epoch ms. */
  readonly writtenMs: number
}

/** A file as it is now, archives too. Throws the system's errors. */
export function openWhole(path: string): Whole {
  const real = systemDisk.realPath(path)
  const stat = real === undefined ? undefined : systemDisk.lstat(real)
  if (real === undefined || stat === undefined) throw Object.assign(new Error('No such file'), { code: 'ENOENT' })
  const handle = new Handle(real, inodeOf(stat), { disk: systemDisk, allowed: { has: () => true } })
  const format = archiveFormat(handle)
  const content = format === undefined ? handle : new Archive(handle, format, new Slots(1))
  return { path, content, bytes: Number(stat.size), writtenMs: Number(stat.mtimeMs) }
}

/** Bytes that are in no file. */
export function wholeOf(path: string, bytes: Buffer, writtenMs: number): Whole {
  const read: Opened['read'] = (buffers, position) => {
    let at = position
    for (const buffer of buffers) at += bytes.copy(buffer, 0, Math.min(at, bytes.length))
    return at - position
  }
  return { path, content: { read, close() {} }, bytes: bytes.length, writtenMs }
}

export interface WholeParts
  extends Pick<FileSource, 'input' | 'resource' | 'service' | 'agent'>,
    Partial<Pick<FileSource, 'id' | 'dataset'>> {
  readonly failed: (reason: string) => void
  /** Bytes are there that were under way. */
  readonly woken: () => void
}

/** A source of it, of which nothing is kept. */
export function wholeSource({ path, content, bytes }: Whole, { failed, woken, ...of }: WholeParts): FileSource {
  const source = new FileSource({
    id: path,
    dataset: '',
    ...of,
    path,
    startAt: 0,
    size: content.isSequential === true ? 0 : bytes,
    bornAt: 0,
    fingerprint: fingerprintOf(Buffer.alloc(0)),
    wasKnown: false,
    barrier: 0,
    content,
    link: noLink,
    cuts: [],
    parser: undefined,
    owner: { truncated: () => failed('truncated'), failed: (_source, reason) => failed(reason), woken }
  })
  source.ended = true
  return source
}
