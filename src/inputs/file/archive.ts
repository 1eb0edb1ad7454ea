import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib'
import { type Content, NotYetError, type Opened } from './content.ts'
import { reasonOf } from './disk.ts'
import type { Handle } from './handle.ts'
import { headBytes } from './identity.ts'
import type { Slots } from './slots.ts'

/** Read of the compressed bytes at a time, and made of them at a time. */
const inputBytes = 16 * 1024
const outputBytes = 64 * 1024
/** Kept behind the place that was read last, and made ahead of it. */
const behindBytes = 64 * 1024
const aheadBytes = 512 * 1024
/** Longer windows of zstd would take more memory than a collector has to spare. */
const windowLog = 23
/** Logs are compressed to a tenth, and the dullest of them to a two hundredth. */
const mostRatio = 500
/** As much may come of anything. */
const harmlessBytes = 16 * 1024 * 1024

export type ArchiveFormat = 'gzip' | 'zstd'

/** What the first bytes of a file say; undefined: it is none. Throws the system's errors. */
export function archiveFormat(content: Content): ArchiveFormat | undefined {
  const magic = Buffer.alloc(4)
  content.read([magic], 0)
  if (magic.readUInt16BE(0) === 0x1f8b) return 'gzip'
  const isSkippable = (magic.readUInt32LE(0) & ~0xf) === 0x184d2a50
  return isSkippable || magic.readUInt32BE(0) === 0x28b52ffd ? 'zstd' : undefined
}

/**
 * The decompressed bytes of an archive. They are made in the background, a window of them is kept around the place that was read last;
 * a read elsewhere throws `NotYetError` and moves there. Going back starts at the beginning.
 */
export class Archive implements Opened {
  readonly isSequential = true
  /** Why the rest can not be decompressed: a code of zlib or of the system, or `ratio`. */
  broken: string | undefined
  onReady = (): void => {}
  isClosed = false
  readonly #input: Handle
  readonly #format: ArchiveFormat
  readonly #slots: Slots
  #decoder: Gunzip | ZstdDecompress | undefined
  /** Stays, so that looking at it again costs nothing. */
  #head = Buffer.alloc(0)
  /** Compressed bytes given to the decoder. */
  #fed = 0
  /** Where the last of them began. */
  #fedFrom = 0
  /** Those before it are not damaged, those behind it are given to the decoder one by one. */
  #sound = Infinity
  /** Gets more as soon as what it has made is taken. */
  #isHungry = false
  #understood = 0
  #window = Buffer.alloc(0)
  /** Position of the window, and how much of it is filled. */
  #from = 0
  #filled = 0
  /** The place that was asked for, and the end of what was wanted there. */
  #at = 0
  #until = 0
  #isWaited = false
  #isWhole = false

  constructor(input: Handle, format: ArchiveFormat, slots: Slots) {
    this.#input = input
    this.#format = format
    this.#slots = slots
  }

  /** Compressed bytes that the decoder has not understood. Throws the system's errors. */
  get rest(): number {
    return Math.max(0, Number(this.#input.stat().size) - this.#understood)
  }

  /** Where the bytes end, as far as they were made. */
  get size(): number {
    return this.#from + this.#filled
  }

  read(buffers: readonly Uint8Array[], position: number): number {
    const wanted = buffers.reduce((sum, { length }) => sum + length, 0)
    if (position + wanted <= this.#head.length) return copyTo(buffers, this.#head.subarray(position))
    this.#at = position
    // The first bytes may be a mark before the place, so one more has to be there.
    this.#until = position + Math.min(wanted, (buffers.length > 1 ? buffers[0]!.length : wanted - 1) + 1)
    if (position < this.#from) this.#restart()
    const isThere = this.#until <= this.size || this.#isWhole || this.broken !== undefined
    if (!isThere) {
      this.#isWaited = true
      this.#pump()
      throw new NotYetError()
    }
    const got = copyTo(buffers, this.#window.subarray(position - this.#from, this.#filled))
    if (got > 0) this.#pump()
    return got
  }

  close(): void {
    this.isClosed = true
    this.#slots.leave(this.#again)
    this.#stop()
    this.#window = Buffer.alloc(0)
    this.#input.close()
  }

  #stop(): void {
    if (this.#decoder === undefined) return
    this.#decoder.destroy()
    this.#decoder = undefined
    this.#slots.free()
  }

  #restart(): void {
    this.#stop()
    this.#fed = 0
    this.#from = 0
    this.#filled = 0
    this.#isWhole = false
    this.broken = undefined
  }

  /** Takes what the decoder has made, up to a little ahead of the place. */
  #pump(): void {
    if (this.#isWhole || this.broken !== undefined) return
    if (this.#decoder === undefined && !this.#start()) return
    const decoder = this.#decoder!
    while (this.size < this.#at + aheadBytes) {
      const bytes = decoder.read() as Buffer | null
      if (bytes === null) {
        if (this.#isHungry) this.#feed(decoder)
        return
      }
      this.#take(bytes)
    }
  }

  #take(bytes: Buffer): void {
    const drop = Math.min(this.#filled, Math.max(0, this.#at - behindBytes - this.#from))
    if (this.#window.length === 0) this.#window = Buffer.allocUnsafeSlow(behindBytes + aheadBytes + outputBytes)
    if (this.#filled + bytes.length > this.#window.length) {
      this.#window.copyWithin(0, drop, this.#filled)
      this.#from += drop
      this.#filled -= drop
    }
    this.#filled += bytes.copy(this.#window, this.#filled)
    if (this.#from === 0 && this.#head.length < headBytes) {
      this.#head = Buffer.from(this.#window.subarray(0, Math.min(headBytes, this.#filled)))
    }
    if (this.size > harmlessBytes && this.size > this.#fed * mostRatio) this.#fail('ratio')
    else if (this.size >= this.#until) this.#tell()
  }

  #start(): boolean {
    if (!this.#slots.take(this.#again)) return false
    const options = { chunkSize: outputBytes }
    const decoder =
      this.#format === 'gzip'
        ? createGunzip(options)
        : createZstdDecompress({ ...options, params: { [constants.ZSTD_d_windowLogMax]: windowLog } })
    decoder.on('readable', () => {
      if (decoder === this.#decoder) this.#pump()
    })
    decoder.on('end', () => {
      if (decoder !== this.#decoder) return
      // Zeros behind an archive of gzip only fill it up.
      if (this.#format === 'zstd' && decoder.bytesWritten < this.#fed) return this.#fail('ZSTD_error_prefix_unknown')
      this.#isWhole = true
      this.#stop()
      this.#tell()
    })
    decoder.on('error', error => {
      if (decoder === this.#decoder) this.#meetDamage(reasonOf(error))
    })
    this.#decoder = decoder
    this.#feed(decoder)
    return true
  }

  #feed(decoder: Gunzip | ZstdDecompress): void {
    if (decoder.destroyed) return
    // It would be gone if the next bytes were damaged.
    this.#isHungry = decoder.readableLength > 0
    if (this.#isHungry) return
    const bytes = Buffer.allocUnsafe(Math.max(1, Math.min(inputBytes, this.#sound - this.#fed)))
    try {
      const got = this.#input.read([bytes], this.#fed)
      this.#fedFrom = this.#fed
      this.#fed += got
      if (got === 0) decoder.end()
      else decoder.write(bytes.subarray(0, got), () => setImmediate(() => this.#feed(decoder)))
    } catch (error) {
      this.#fail(reasonOf(error))
    }
  }

  /** A decoder gives nothing of the bytes among which one is damaged: another one gets them singly. */
  #meetDamage(reason: string): void {
    if (this.#fed - this.#fedFrom <= 1) return this.#fail(reason)
    this.#sound = this.#fedFrom
    this.#restart()
    this.#pump()
  }

  #fail(reason: string): void {
    this.broken = reason
    this.#understood = this.#decoder?.bytesWritten ?? this.#fed
    this.#stop()
    this.#tell()
  }

  #tell(): void {
    if (!this.#isWaited) return
    this.#isWaited = false
    this.onReady()
  }

  readonly #again = (): void => this.onReady()
}

/** Returns how many bytes it were. */
function copyTo(buffers: readonly Uint8Array[], bytes: Buffer): number {
  let got = 0
  for (const buffer of buffers) got += bytes.copy(buffer, 0, got)
  return got
}
