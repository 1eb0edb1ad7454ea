import fs, { type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { FollowContext } from './context.ts'
import { reasonOf } from './disk.ts'

/** Folders watched at most: the scan finds everything, this only finds it sooner. */
const mostFolders = 16
/** The system's limits (ENOSPC, EMFILE) are shared with programs that come and go. */
const retryMs = 60_000

/** Of this thread. The limits are those of all folders: one warning says it. */
let isWarned = false

interface Watch {
  /** Of the folder: the watch stays with it, whatever comes to be at its path. */
  readonly inode: string
  /** Undefined if it can not be watched now. */
  watcher: FSWatcher | undefined
  /** Monotonic ms. */
  retryAt: number
}

/**
 * Wakes the follower when something happens in a folder at rest. It may miss events, and nothing depends on them.
 *
 * Bare `fs.watch`: its events are all that is wanted here. chokidar looks at the file in the thread pool before it passes one on,
 * and drops the last change of a burst, so that files had to be polled behind it.
 */
export class Wakes {
  readonly #wake: (path: string, isRenamed: boolean) => void
  readonly #log: Log
  readonly #clock: Clock
  readonly #watches = new Map<string, Watch>()

  /** `isRenamed`: a name came or went, as opposed to a file that changed. */
  constructor(wake: (path: string, isRenamed: boolean) => void, { log, clock }: Pick<FollowContext, 'log' | 'clock'>) {
    this.#wake = wake
    this.#log = log
    this.#clock = clock
  }

  /** Watches what is at these paths now, and nothing else any more. */
  watch(folders: ReadonlySet<string>): void {
    const now = this.#clock.monotonic()
    for (const [folder, watch] of this.#watches) {
      // Nothing is said when a folder above was renamed, or a link leads elsewhere.
      const isOther = watch.inode !== inodeAt(folder)
      if (!folders.has(folder) || isOther || now >= watch.retryAt) this.#drop(folder)
    }
    for (const folder of folders) {
      if (this.#watches.size >= mostFolders) return
      if (!this.#watches.has(folder)) this.#open(folder)
    }
  }

  close(): void {
    for (const folder of this.#watches.keys()) this.#drop(folder)
  }

  #open(folder: string): void {
    // Before the watch: if another folder comes in between, the next call sees that it is not this one.
    const inode = inodeAt(folder)
    if (inode === undefined) return
    const watch: Watch = { inode, watcher: undefined, retryAt: Infinity }
    this.#watches.set(folder, watch)
    try {
      watch.watcher = fs.watch(folder, { persistent: false }, (event, name) => this.#pass(folder, event, name))
      watch.watcher.on('error', error => this.#fail(folder, watch, error))
    } catch (error) {
      this.#fail(folder, watch, error)
    }
  }

  #pass(folder: string, event: string, name: string | null): void {
    const isRenamed = event === 'rename'
    // The folder itself was renamed or removed: what is found under its path at the next scan is watched anew.
    if (isRenamed && name === basename(folder)) this.#drop(folder)
    this.#wake(`${folder === '/' ? '' : folder}/${name ?? ''}`, isRenamed || name === null)
  }

  #drop(folder: string): void {
    this.#watches.get(folder)?.watcher?.close()
    this.#watches.delete(folder)
  }

  #fail(folder: string, watch: Watch, error: unknown): void {
    watch.watcher?.close()
    watch.watcher = undefined
    watch.retryAt = this.#clock.monotonic() + retryMs
    const isNews = !isWarned && reasonOf(error) !== 'ENOENT'
    isWarned ||= isNews
    const fields = { folder, error: messageOf(error), retryMs }
    this.#log[isNews ? 'warn' : 'debug']('Cannot watch a folder, new lines are found by the scan alone', fields)
  }
}

/** Device and inode of the folder that the path leads to; undefined if it leads nowhere, or that can not be told now. */
function inodeAt(folder: string): string | undefined {
  try {
    const { dev, ino } = fs.statSync(folder, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
