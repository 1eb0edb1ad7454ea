import { dirname } from 'node:path'
import type { StoredSource } from '../core/record.ts'
import type { Resource, SourceId } from '../core/source.ts'
import { containerFields, podPath } from '../inputs/file/container-path.ts'
import { containerFolder, hasExitedWell, isRemovedWhenItEnds, stateWrittenAt } from '../inputs/file/container-state.ts'
import type { Disk } from '../inputs/file/disk.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Departure } from '../rules/agents/sighting.ts'
import type { Lanes } from './lanes.ts'

/** Nobody writes a source any more, for good reason. */
export interface Departed {
  readonly source: SourceId
  readonly reason: Exclude<Departure['reason'], 'stopped'>
}

/** A container of Docker whose log is open. */
interface Watched {
  readonly folder: string
  readonly diesAlone: boolean
  /** Of what Docker knows of it, as it was looked at last. */
  writtenAt: bigint | undefined
  hasExited: boolean
}

/** Sees by what a runtime keeps beside logs that whoever wrote one has left: its pod is deleted, its container is removed, or has ended
 * without an error. It is told once all of the log is read. In doubt nobody has left. */
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

  /** Sources of earlier runs: who wrote them may have gone meanwhile. Returns whether there is something to tell. */
  recall(sources: readonly StoredSource[]): boolean {
    for (const { id, name } of sources) {
      const resource = { 'log.file.path': name, ...containerFields([name]) }
      const place = placeOf(resource)
      // what is not mounted looks empty
      if (place !== undefined && this.#isGone(place.path) && this.#hasEntries(dirname(place.path)))
        this.#departed.push({ source: id, reason: place.reason })
    }
    return this.#departed.length > 0
  }

  opened(source: FileSource): void {
    const folder = folderOf(source.resource)
    if (folder === undefined) return
    const diesAlone = isRemovedWhenItEnds(folder, this.#disk)
    this.#watched.set(source, { folder, diesAlone, writtenAt: undefined, hasExited: false })
  }

  /** All of a source is read, and its file is gone or rests. Returns whether there is something to tell. */
  closed(source: FileSource): boolean {
    const watched = this.#watched.get(source)
    this.#watched.delete(source)
    const place = placeOf(source.resource)
    // a container that dies is removed too, where it was started so
    if (place === undefined || watched?.diesAlone === true || !this.#isGone(place.path)) return false
    this.#departed.push({ source: source.id, reason: place.reason })
    return true
  }

  /** Looks at containers whose logs are read. Costs a stat for each. Returns whether there is something to tell. */
  look(): boolean {
    const before = this.#departed.length
    for (const [source, watched] of this.#watched) {
      if (this.#isLeft(source, watched)) this.#departed.push({ source: source.id, reason: 'container_exited' })
    }
    return this.#departed.length > before
  }

  #isLeft(source: FileSource, watched: Watched): boolean {
    const disk = this.#disk
    try {
      const writtenAt = stateWrittenAt(watched.folder, disk)
      if (writtenAt !== watched.writtenAt) {
        watched.writtenAt = writtenAt
        watched.hasExited = writtenAt !== undefined && hasExitedWell(watched.folder, disk)
      }
      // it is told once
      if (!watched.hasExited || !this.#isRead(source)) return false
      watched.hasExited = false
      return true
    } catch {
      return false
    }
  }

  /** All that stands in the file now. Throws the system's errors. */
  #isRead(source: FileSource): boolean {
    const stat = this.#disk.lstat(source.resource['log.file.path']!)
    if (stat === undefined) return false
    for (const { readTo } of this.#lanes.of(source)) if (readTo >= Number(stat.size)) return true
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

/** What is there as long as whoever writes the log is, and what it means when it is gone. */
function placeOf(resource: Resource): { readonly path: string; readonly reason: Departed['reason'] } | undefined {
  const pod = podPath(resource)
  if (pod !== undefined) return { path: pod, reason: 'pod_deleted' }
  const folder = folderOf(resource)
  return folder === undefined ? undefined : { path: folder, reason: 'container_removed' }
}

function folderOf({ 'container.id': id, 'log.file.path': path }: Resource): string | undefined {
  return id === undefined || path === undefined ? undefined : containerFolder(path)
}
