import { renameSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { backup, type DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'
import { crashPoint } from '../core/crash-points.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { checkPages, Damaged, inspect, openForReading } from './database.ts'
import { createPrivate, fsyncDirectory, fsyncFile, removeDatabase } from './files.ts'
import { stateSchema } from './state-schema.ts'

const allPages = 2 ** 30
const everyMs = 600_000

/** Keeps backup.db: a verified copy of state.db, made every ten minutes and at the end where something has changed. */
export class Backups {
  readonly #from: string
  readonly #to: string
  readonly #context: { readonly clock: Clock; readonly log: Log }
  readonly #durable: () => number
  /** Number of the last records in the copy; nothing is known of one that an earlier run made. */
  #copied = -1
  #closed = false
  #cancel: () => void = () => {}

  /** `durable` is the number of the last records that are in state.db. */
  constructor(
    paths: { readonly state: string; readonly backup: string },
    context: { readonly clock: Clock; readonly log: Log },
    durable: () => number
  ) {
    this.#from = paths.state
    this.#to = paths.backup
    this.#context = context
    this.#durable = durable
    for (const suffix of ['.tmp', '.last']) removeDatabase(this.#to + suffix)
    this.#schedule()
  }

  /** Copies while commits go on. Never rejects: a failure is logged, and the former copy stays. */
  async write(): Promise<void> {
    const number = this.#durable()
    if (this.#closed || number === this.#copied) return
    try {
      await copyInUse(this.#from, this.#to, () => !this.#closed)
      this.#copied = number
    } catch (error) {
      // On a full disk what was written so far is in the way.
      removeDatabase(`${this.#to}.tmp`)
      if (!this.#closed) this.#report(error)
    }
  }

  /** Writes the last copy, from the connection that is about to be closed. */
  close(database: DatabaseSync | undefined): void {
    this.#closed = true
    this.#cancel()
    if (database === undefined || this.#durable() === this.#copied) return
    try {
      copyAtEnd(database, this.#to)
    } catch (error) {
      removeDatabase(`${this.#to}.last`)
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    this.#context.log.warn(`Cannot write "${this.#to}": ${messageOf(error)}`)
  }

  #schedule(): void {
    this.#cancel = this.#context.clock.after(everyMs, () => void this.#writeAndSchedule())
  }

  async #writeAndSchedule(): Promise<void> {
    await this.write()
    if (!this.#closed) this.#schedule()
  }
}

/**
 * Copies state.db while it is in use. The copy is read in one step through a connection of its own, on a thread of libuv's
 * pool: the control thread goes on committing. Rejects, and leaves the old backup, when the copy is not good; gives up when it
 * is not `wanted` any more.
 */
async function copyInUse(state: string, to: string, wanted: () => boolean): Promise<void> {
  const temporary = `${to}.tmp`
  removeDatabase(temporary)
  createPrivate(temporary)
  const source = openForReading(state)
  try {
    await backup(source, temporary, { rate: allPages })
  } finally {
    source.close()
  }
  const file = await open(temporary, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  crashPoint('state.backup.verify.before')
  await verifyInSteps(temporary)
  if (wanted()) putBackup(temporary, to)
  else removeDatabase(temporary)
}

/** Reads all of the copy without holding up the control thread: 30,000 rows at once would take it 55 ms. */
async function verifyInSteps(path: string): Promise<void> {
  const database = openForReading(path, true)
  try {
    checkPages(database)
    for (const step of stateSchema.check(database)) await setImmediate(step)
  } finally {
    database.close()
  }
}

/** The same at the end of life, when there is nobody left to wait for. */
function copyAtEnd(database: DatabaseSync, to: string): void {
  const temporary = `${to}.last`
  removeDatabase(temporary)
  createPrivate(temporary)
  database.prepare('VACUUM INTO ?').run(temporary)
  fsyncFile(temporary)
  const found = inspect(temporary, stateSchema, { immutable: true })
  if (found.kind !== 'good')
    throw new Damaged(`the copy is not good: ${found.kind === 'bad' ? found.reason : found.kind}`)
  putBackup(temporary, to)
}

/** A backup takes the former one's place only after it was read in full. */
function putBackup(temporary: string, to: string): void {
  crashPoint('state.backup.rename.before')
  renameSync(temporary, to)
  fsyncDirectory(dirname(to))
  crashPoint('state.backup.rename.after')
}
