import fs, { type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'

/** Folders watched at most: the scan finds everything, this only finds it sooner. */
const mostFolders = 16

/**
 * Wakes the follower when something happens in a folder at rest. It may miss events, and nothing depends on them.
 *
 * Bare `fs.watch`: its events are all that is wanted here. chokidar looks at the file in the thread pool before it passes one on,
 * and drops the last change of a burst, so that files had to be polled behind it: with one line a second that was 3 of 10 wakes of
 * the shard, and with its code and four threads 3 MiB.
 */
export class Wakes {
  readonly #wake: (path: string, isRenamed: boolean) => void
  readonly #log: Log
  /** Undefined for a folder that can not be watched: it is not tried each second. */
  readonly #watchers = new Map<string, FSWatcher | undefined>()

  /** `isRenamed`: a name came or went, as opposed to a file that changed. */
  constructor(wake: (path: string, isRenamed: boolean) => void, log: Log) {
    this.#wake = wake
    this.#log = log
  }

  /** Watches these folders, and no others any more. */
  watch(folders: ReadonlySet<string>): void {
    for (const folder of this.#watchers.keys()) if (!folders.has(folder)) this.#drop(folder)
    for (const folder of folders) {
      if (this.#watchers.size >= mostFolders) return
      if (!this.#watchers.has(folder)) this.#watchers.set(folder, this.#open(folder))
    }
  }

  close(): void {
    for (const folder of this.#watchers.keys()) this.#drop(folder)
  }

  #open(folder: string): FSWatcher | undefined {
    try {
      const watcher = fs.watch(folder, { persistent: false }, (event, name) => this.#pass(folder, event, name))
      watcher.on('error', error => this.#fail(folder, error))
      return watcher
    } catch (error) {
      this.#fail(folder, error)
      return undefined
    }
  }

  #pass(folder: string, event: string, name: string | null): void {
    const isRenamed = event === 'rename'
    // The folder itself was renamed or removed: what is found under its path at the next scan is watched anew.
    if (isRenamed && name === basename(folder)) this.#drop(folder)
    this.#wake(`${folder === '/' ? '' : folder}/${name ?? ''}`, isRenamed || name === null)
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #fail(folder: string, error: unknown): void {
    this.#log.debug('Cannot watch a folder, new lines are found by the scan alone', { folder, error: messageOf(error) })
    this.#watchers.get(folder)?.close()
    this.#watchers.set(folder, undefined)
  }
}
