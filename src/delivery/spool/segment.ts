import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { StoredSource } from '../../core/record.ts'
import { codeOf, isDamage, limitPages, pragma, seal, sqlite, transaction } from '../../state/database.ts'
import { removeDatabase, setAside } from '../../state/files.ts'
import { openDatabase } from '../../state/opening.ts'
import { type Block, type Place, sealOf, unpack } from './block.ts'
import { segmentSchema } from './segment-schema.ts'

/** A segment is full with so many blocks: the most that are looked for, one by one, where its index is damaged. */
const mostBlocks = 8192

/** Where in the segment a block stands. */
export interface Entry extends Place {
  readonly id: number
}

export interface SegmentContext {
  readonly clock: Clock
  readonly log: Log
  /** Told how many blocks can not be read. */
  readonly damaged: (blocks: number) => void
}

/**
 * One file of the spool, whose one connection this is: no other may be opened, also not for reading. Blocks are added until it is
 * full, never changed, and go with the file.
 */
export class Segment {
  readonly path: string
  readonly number: number
  /** Blocks that are not settled; the spool counts them. */
  pending = 0
  /** Nothing is added any more. */
  isSealed = false
  readonly #context: SegmentContext
  readonly #database: DatabaseSync
  readonly #find: StatementSync
  readonly #known = new Set<string>()
  #blocks = 0
  #bytes: number
  #isDamaged = false

  /** Throws `ExitError` where it can not be opened at all. One that is not good is set aside, an empty one takes its place. */
  constructor(path: string, number: number, context: SegmentContext) {
    this.path = path
    this.number = number
    this.#context = context
    const { clock, log } = context
    this.#database = openDatabase({ path, schema: segmentSchema, whole: false }, log, clock.now()).database
    this.#bytes = sizeOf(this.#database)
    this.#find = this.#database.prepare('SELECT * FROM blocks WHERE id = ?')
  }

  /** Bytes on disk, without the log of changes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of the log of changes. */
  get logBytes(): number {
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  }

  get isFull(): boolean {
    return this.#blocks >= mostBlocks
  }

  /** All blocks that can be found. Each is checked when it is read. */
  entries(): Entry[] {
    const rows = this.#rows()
    const good = rows.filter(row => row['seal'] === sealOf(row as unknown as Block))
    if (good.length < rows.length) this.#report(rows.length - good.length, 'an entry does not match its check')
    this.#blocks = Math.max(0, ...rows.map(row => Number(row['id'])))
    return good as unknown as Entry[]
  }

  /** The sources that it has blocks of. */
  sources(): StoredSource[] {
    try {
      const rows = this.#database.prepare('SELECT id, record, seal FROM sources').all()
      const good = rows.filter(row => row['seal'] === seal(String(row['id']), String(row['record'])))
      return good.map(row => JSON.parse(String(row['record'])) as StoredSource)
    } catch (error) {
      if (!isDamage(error)) throw error
      return []
    }
  }

  /** Durable on return. Throws what SQLite throws; then nothing of it counts, and unless the disk is full nothing more is added here: after
   * a failed flush nobody knows what stands on the disk. */
  append(source: StoredSource, blocks: readonly Block[]): Entry[] {
    try {
      const entries = transaction(this.#database, () => {
        if (!this.#known.has(source.id)) this.#addSource(source)
        const sql = 'INSERT INTO blocks (source, position, length, "check", seal, packed) VALUES (?, ?, ?, ?, ?, ?)'
        const insert = this.#database.prepare(sql)
        return blocks.map(block => {
          const { position, length, check, packed } = block
          const { lastInsertRowid } = insert.run(block.source, position, length, check, sealOf(block), packed)
          return { id: Number(lastInsertRowid), source: block.source, position, length }
        })
      })
      this.#known.add(source.id)
      this.#blocks += entries.length
      this.#bytes = sizeOf(this.#database)
      return entries
    } catch (error) {
      if (codeOf(error) !== sqlite.full) this.isSealed = true
      throw error
    }
  }

  /** The bytes of a block; undefined, and reported, where they are not what was stored. */
  read(entry: Entry): Buffer | undefined {
    let reason = 'it does not match its check'
    try {
      const row = this.#find.get(entry.id)
      const bytes = row === undefined ? undefined : unpack({ ...(row as unknown as Block), ...placeOf(entry) })
      if (bytes !== undefined) return bytes
    } catch (error) {
      if (!isDamage(error)) throw error
      reason = messageOf(error)
    }
    this.#report(1, reason, entry)
    return undefined
  }

  /** Lets the file grow to so many pages only, as a full disk would; 0 takes that back. */
  limitPages(pages: number): void {
    limitPages(this.#database, pages)
  }

  /** It is full: what stands in the log of changes goes to its place, and the log takes no room any more. */
  seal(): void {
    this.isSealed = true
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // All of it is in the log, and is read from there.
    }
  }

  close(): void {
    this.#database.close()
  }

  /** All of it is settled. A damaged one is kept for a person to look at. */
  remove(): void {
    this.close()
    if (this.#isDamaged) setAside(this.path, this.#context.clock.now())
    else removeDatabase(this.path)
  }

  #addSource(source: StoredSource): void {
    const record = JSON.stringify(source)
    const sql = 'INSERT OR REPLACE INTO sources (id, record, seal) VALUES (?, ?, ?)'
    this.#database.prepare(sql).run(source.id, record, seal(source.id, record))
  }

  #rows(): Record<string, SQLOutputValue>[] {
    const columns = 'id, source, position, length, "check", seal'
    try {
      return this.#database.prepare(`SELECT ${columns} FROM blocks ORDER BY id`).all()
    } catch (error) {
      if (!isDamage(error)) throw error
      const rows = this.#salvage(this.#database.prepare(`SELECT ${columns} FROM blocks WHERE id = ?`))
      const last = Number(rows.at(-1)?.['id'] ?? 0)
      // How many there were behind the last that is found, nobody can tell.
      this.#report(Math.max(1, last - rows.length), messageOf(error))
      return rows
    }
  }

  /** Looks for each block by itself: those whose way through the tree is whole are found. */
  #salvage(find: StatementSync): Record<string, SQLOutputValue>[] {
    const rows: Record<string, SQLOutputValue>[] = []
    for (let id = 1; id <= mostBlocks; id++) {
      try {
        const row = find.get(id)
        if (row !== undefined) rows.push(row)
      } catch (error) {
        if (!isDamage(error)) throw error
      }
    }
    return rows
  }

  #report(blocks: number, reason: string, place?: Place): void {
    this.#isDamaged = true
    this.#context.damaged(blocks)
    const which = place === undefined ? `${blocks} blocks` : 'a block'
    const range = place && { source: place.source, from: place.position, to: place.position + place.length }
    this.#context.log.error(`Cannot read ${which} of "spool/${basename(this.path)}": ${reason}`, { ...range })
  }
}

function sizeOf(database: DatabaseSync): number {
  return pragma(database, 'page_count') * pragma(database, 'page_size')
}

function placeOf({ source, position, length }: Place): Place {
  return { source, position, length }
}
