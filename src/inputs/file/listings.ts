import { type Disk, type Entry, type EntryKind, type FileStat, Stamp } from './disk.ts'
import type { Part } from './glob.ts'
import { isSameInode } from './identity.ts'

/** What a directory has under a name. */
export interface Place {
  readonly path: string
  readonly kind: EntryKind
}

interface Listing {
  readonly places: readonly Place[]
  /** By the part of a pattern that they match. */
  readonly matching: Map<Part, readonly Place[]>
  readonly stat: FileStat
  /** Epoch ns of the listing: a change within the same tick of the file system's clock does not show in its times. */
  at: bigint
  /** The scan that listed it, and the last one that asked for it. */
  listedIn: number
  askedIn: number
}

/** A directory is listed again after so many scans, whatever its times say: network file systems cache it. */
const trustedScans = 5
/** Changes younger than this when it was listed may have company with the same time. */
const tickNs = 2_000_000_000n
const nothing: readonly Place[] = []

/** Directories as scans have found them. One that is as it was is not listed again, and what it has is not matched again. */
export class Listings {
  readonly #disk: Disk
  readonly #byPath = new Map<string, Listing>()
  #scan = 0

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** A scan begins. */
  begin(): void {
    this.#scan++
  }

  /** A scan is over: forgets the directories that it did not ask for. */
  end(): void {
    for (const [path, { askedIn }] of this.#byPath) if (askedIn !== this.#scan) this.#byPath.delete(path)
  }

  /** What of a directory matches a part of a pattern; nothing where there is no directory. Throws the system's errors. */
  matching(directory: string, part: Part): readonly Place[] {
    const listing = this.#list(directory)
    if (part.kind !== 'pattern' || listing === undefined) return listing?.places ?? nothing
    let matching = listing.matching.get(part)
    if (matching === undefined) {
      const from = prefixOf(directory).length
      matching = listing.places.filter(({ path }) => part.matches(path.slice(from)))
      listing.matching.set(part, matching)
    }
    return matching
  }

  #list(directory: string): Listing | undefined {
    const known = this.#byPath.get(directory)
    if (known?.askedIn === this.#scan) return known
    const stat = this.#stat(directory)
    if (stat === undefined) return undefined
    if (known !== undefined) known.askedIn = this.#scan
    if (known !== undefined && isCurrent(known, stat) && this.#scan - known.listedIn < trustedScans) return known
    const at = BigInt(Date.now()) * 1_000_000n
    const places = placesOf(prefixOf(directory), this.#disk.list(directory), known?.places ?? nothing)
    const matching = places === known?.places ? known.matching : new Map<Part, readonly Place[]>()
    const listing = { places, matching, stat: new Stamp(stat), at, listedIn: this.#scan, askedIn: this.#scan }
    this.#byPath.set(directory, listing)
    return listing
  }

  /** The fixed beginning of a pattern may be a link. */
  #stat(directory: string): FileStat | undefined {
    const stat = this.#disk.lstat(directory)
    if (!stat?.isSymbolicLink()) return stat
    const real = this.#disk.realPath(directory)
    return real === undefined ? undefined : this.#disk.lstat(real)
  }
}

/** By the time of the last change of any kind: programs that copy folders set that of their content. */
function isCurrent({ stat: before, at }: Listing, stat: FileStat): boolean {
  return before.ctimeNs === stat.ctimeNs && at - before.ctimeNs > tickNs && isSameInode(before, stat)
}

function prefixOf(directory: string): string {
  return directory === '/' ? '/' : `${directory}/`
}

/** Those that were there before stay the same objects, and all of them the same array: there may be ten thousand. */
function placesOf(prefix: string, entries: readonly Entry[], before: readonly Place[]): readonly Place[] {
  const isSame =
    entries.length === before.length && entries.every((entry, index) => isAt(before[index]!, prefix, entry))
  if (isSame) return before
  const known = new Map(before.map(place => [place.path, place]))
  return entries.map(({ name, kind }) => {
    const path = prefix + name
    const place = known.get(path)
    return place?.kind === kind ? place : { path, kind }
  })
}

function isAt({ path, kind }: Place, prefix: string, entry: Entry): boolean {
  return kind === entry.kind && path.length === prefix.length + entry.name.length && path.endsWith(entry.name)
}
