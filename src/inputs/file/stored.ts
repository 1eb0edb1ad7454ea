import type { StoredSource } from '../../core/record.ts'
import type { SourceId } from '../../core/source.ts'
import { fingerprintOf } from './head.ts'
import { type Inode, sourceId } from './identity.ts'

/** What the state keeps of one generation of a file. */
export interface StoredFile extends Inode {
  readonly id: SourceId
  readonly input: string
  /** Where it was when it was first met: the name that its rows carry. */
  readonly name: string
  /** Where it was seen last. */
  readonly path: string
  readonly generation: number
  /** Bytes known to be there. */
  readonly size: number
  /** Hash of the first `headLength` bytes. */
  readonly headLength: number
  readonly head: string
  /** Where reading began. */
  readonly startAt: number
  /** Nothing of it can be read any more: it was truncated or replaced. */
  readonly isOver: boolean
  /** It was rotated, read to its end and quiet. */
  readonly isEnded: boolean
  /** The id of the source whose bytes it was a copy of when it was met, up to `startAt`; empty: it was none. */
  readonly copyOf: string
  /** It was deleted and let go: up to here its bytes are in the spool, what is behind found no room. -1: not so. */
  readonly heldTo: number
  /** Of an archive: its size and time of change when this was stored. Sizes and positions are those of what it holds. */
  readonly packed: string
  /** Docker removes its container as soon as that ends, however it does (`--rm`). Absent: it is of none, or nobody has looked. */
  readonly autoRemove?: boolean
  readonly seenAt: number
}

/** What is known of a generation when it begins. */
export interface Beginning extends Pick<StoredFile, 'input' | 'name' | 'path' | 'generation' | 'size' | 'startAt'> {
  readonly hostId: string
  readonly inode: Inode
  /** Its first bytes. */
  readonly head: Buffer
  /** Epoch ms. */
  readonly seenAt: number
}

/** A generation that is met for the first time, and is to be read. */
export function newStored({ hostId, inode: { dev, ino, birth }, head, ...rest }: Beginning): StoredFile {
  return {
    ...rest,
    ...fingerprintOf(head),
    id: sourceId(hostId, { dev, ino, birth }, rest.generation, head),
    dev,
    ino,
    birth,
    isOver: false,
    isEnded: false,
    copyOf: '',
    heldTo: -1,
    packed: ''
  }
}

export function toStored(file: StoredFile): StoredSource {
  const { id, input, name, seenAt, ...rest } = file
  return { id, input, name, seenAt, file: rest }
}

export function fromStored(source: StoredSource): StoredFile {
  const { file } = source
  const text = (key: string): string => String(file[key] ?? '')
  const number = (key: string): number => Number(file[key] ?? 0)
  const { autoRemove } = file
  return {
    id: source.id,
    input: source.input,
    name: source.name,
    seenAt: source.seenAt,
    dev: text('dev'),
    ino: text('ino'),
    birth: text('birth'),
    path: text('path'),
    generation: number('generation'),
    size: number('size'),
    headLength: number('headLength'),
    head: text('head'),
    startAt: number('startAt'),
    isOver: file['isOver'] === true,
    isEnded: file['isEnded'] === true,
    copyOf: text('copyOf'),
    heldTo: Number(file['heldTo'] ?? -1),
    packed: text('packed'),
    ...(typeof autoRemove === 'boolean' && { autoRemove })
  }
}
