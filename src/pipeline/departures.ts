import { dirname } from 'node:path'
import type { StoredSource } from '../core/record.ts'
import type { Resource, SourceId } from '../core/source.ts'
import { podPath } from '../inputs/file/container-path.ts'
import { containerFolder, hasExitedWell, stateWrittenAt } from '../inputs/file/container-state.ts'
import type { Disk } from '../inputs/file/disk.ts'
import type { FileSource } from '../inputs/file/source.ts'
import { fromStored } from '../inputs/file/stored.ts'
import type { Departure } from '../rules/agents/sighting.ts'
import type { Lanes } from './lanes.ts'

/** Nobody writes a source any more, for good reason. */
export interface Departed {
  readonly source: SourceId
  readonly reason: Exclude<Departure['reason'], 'stopped'>
}

interface Place {
  /** Is there as long as whoever writes a log is. */
  readonly path: string
  /** What it means when it is gone. */
  readonly reason: Departed['reason']
}

/** A log that is open. */
interface Watched {
  readonly place: Place
  /** Of a container of Docker. */
  readonly folder: string | undefined
  /** Of what Docker knows of it, as it was looked at last. */
  writtenAt: bigint | undefined
  hasExited: boolean
  isTold: boolean
}

/** Sees by what a runtime keeps beside logs that whoever wrote one has left: its pod is deleted, its container is removed, or has ended
 * without an error. It is told once all of the log is read, whether outputs have it or not. In doubt nobody has left. */
export class Departures {
  readonly #disk: Disk
  readonly #lanes: Lanes
  readonly #watched = new Map<FileSource, Watched>()
  #departed: Departed[] = []

  constructor(disk: Disk, lanes: Lanes) {
    this.#disk = disk
    this.#lanes = lanes
  }

  /** What is new since the last call. */
  take(): readonly Departed[] {
    return this.#departed.splice(0)
  }

  /** Sources of earlier runs: who wrote them may have gone meanwhile. */
  recall(sources: readonly StoredSource[]): void {
    for (const source of sources) {
      const { id, name, path, autoRemove } = fromStored(source)
      const place = placeOf(podPath([name, path]), containerFolder(name))
      if (place === undefined || (place.reason === 'container_removed' && autoRemove !== false)) continue
      // what is not mounted looks empty
      if (this.#isGone(place.path) && this.#hasEntries(dirname(place.path)))
        this.#departed.push({ source: id, reason: place.reason })
    }
  }

  opened(source: FileSource): void {
    const folder = folderOf(source.resource)
    const place = placeOf(source.podPath, folder)
    if (place === undefined) return
    this.#watched.set(source, { place, folder, writtenAt: undefined, hasExited: false, isTold: false })
  }

  /** All of a source is read, and its file is gone or rests. */
  closed(source: FileSource): void {
    const watched = this.#watched.get(source)
    this.#watched.delete(source)
    if (watched !== undefined) this.#tellWhere(source, watched, this.#isLost(source, watched))
  }

  /** It is followed no more, or by another input. */
  drop(source: FileSource): void {
    this.#watched.delete(source)
  }

  /** Looks at logs that have ended, and at containers, of one input or of all. Costs a stat for each of these. Returns whether there is something to tell: at once,
   * since the state may have forgotten the source when the next run begins. */
  look(input?: string): boolean {
    for (const [source, watched] of this.#watched) {
      if (input !== undefined && source.input !== input) continue
      const hasLeft = source.ended
        ? this.#hasAll(source, source.size) && this.#isLost(source, watched)
        : this.#isOver(source, watched)
      this.#tellWhere(source, watched, hasLeft)
    }
    return this.#departed.length > 0
  }

  /** Tells it once, until whoever writes it is back. */
  #tellWhere(source: FileSource, watched: Watched, hasLeft: boolean): void {
    const isNews = hasLeft && !watched.isTold
    watched.isTold = hasLeft
    if (!isNews) return
    const reason = watched.hasExited ? 'container_exited' : watched.place.reason
    this.#departed.push({ source: source.id, reason })
  }

  /** A container that dies is removed too, where it was started so. */
  #isLost({ autoRemove }: FileSource, { place }: Watched): boolean {
    return !autoRemove && this.#isGone(place.path)
  }

  /** The container has ended well, and nothing of its log is unread. */
  #isOver(source: FileSource, watched: Watched): boolean {
    if (watched.folder === undefined) return false
    try {
      const writtenAt = stateWrittenAt(watched.folder, this.#disk)
      if (writtenAt !== watched.writtenAt) {
        watched.writtenAt = writtenAt
        watched.hasExited = writtenAt !== undefined && hasExitedWell(watched.folder, this.#disk)
      }
      if (!watched.hasExited || watched.isTold) return watched.hasExited
      const stat = this.#disk.lstat(source.resource['log.file.path']!)
      return stat !== undefined && this.#hasAll(source, Number(stat.size))
    } catch {
      return false
    }
  }

  /** Somebody has read so much of it. */
  #hasAll(source: FileSource, size: number): boolean {
    for (const { readTo } of this.#lanes.of(source)) if (readTo >= size) return true
    return false
  }

  #isGone(path: string): boolean {
    try {
      return this.#disk.lstat(path) === undefined
    } catch {
      return false
    }
  }

  #hasEntries(folder: string): boolean {
    try {
      return this.#disk.list(folder).length > 0
    } catch {
      return false
    }
  }
}

function placeOf(pod: string | undefined, folder: string | undefined): Place | undefined {
  if (pod !== undefined) return { path: pod, reason: 'pod_deleted' }
  return folder === undefined ? undefined : { path: folder, reason: 'container_removed' }
}

function folderOf({ 'container.id': id, 'log.file.path': path }: Resource): string | undefined {
  return id === undefined || path === undefined ? undefined : containerFolder(path)
}
