import type { FSWatcher } from 'chokidar'
import type { Log } from '../../core/log.ts'
import { messageOf } from '../../core/errors.ts'

/** Folders watched at most: the scan finds everything, this only finds it sooner. */
const mostFolders = 16

/** Wakes the follower when something happens in a folder at rest. It may miss events, and nothing depends on them. */
export class Wakes {
  readonly #wake: (path: string) => void
  readonly #log: Log
  #watcher: FSWatcher | undefined
  #loading: Promise<void> | undefined
  #folders = new Set<string>()
  #isClosed = false

  constructor(wake: (path: string) => void, log: Log) {
    this.#wake = wake
    this.#log = log
  }

  /** Watches these folders, and no others any more. */
  watch(folders: ReadonlySet<string>): void {
    const wanted = new Set([...folders].slice(0, mostFolders))
    if (wanted.size > 0 && this.#watcher === undefined) {
      this.#loading ??= this.#load(wanted)
      return
    }
    if (this.#watcher === undefined) return
    for (const folder of this.#folders) if (!wanted.has(folder)) this.#watcher.unwatch(folder)
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#watcher.add(folder)
    this.#folders = wanted
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#loading
    await this.#watcher?.close()
  }

  async #load(folders: Set<string>): Promise<void> {
    try {
      const { watch } = await import('chokidar')
      if (this.#isClosed) return
      const watcher = watch([...folders], {
        depth: 0,
        ignoreInitial: true,
        persistent: false,
        followSymlinks: false,
        ignorePermissionErrors: true,
        atomic: false
      })
      watcher.on('all', (_event, path) => this.#wake(path))
      watcher.on('error', error => this.#log.debug('Cannot watch a folder', { error: messageOf(error) }))
      this.#watcher = watcher
      this.#folders = folders
    } catch (error) {
      this.#log.warn('Cannot load the watcher, new lines are found by the scan alone', { error: messageOf(error) })
    }
  }
}
