import type { OutputContext } from '../../config/define.ts'
import type { Batch } from '../../core/batch.ts'
import { messageOf, SendError } from '../../core/errors.ts'
import { Verdict } from '../../core/outcome.ts'
import type { Finding } from '../../core/probe.ts'
import type { Body, Output, Shipment, Verdicts } from '../../core/output.ts'
import { without } from '../elasticsearch/rows.ts'
import { type LineEncoder, lineEncoder } from '../line-encoder.ts'
import { orClosed } from '../or-closed.ts'
import { RawRows } from '../raw-rows.ts'
import { type Append, AppendFile, hasHappened } from './append-file.ts'
import { Series, whereIs } from './series.ts'
import { type StoredWritten, WrittenRows } from './written.ts'

const modes = { owner: 0o600, group: 0o640, all: 0o644 } as const
const noteKey = 'written'
/** Somebody may have made room a moment ago, and asking costs nothing. */
const retryMs = 2000
/** What no repetition mends. */
const needsPerson = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EINVAL', 'EEXIST'])
const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ELOOP: 'it is a symbolic link'
}

export interface FileOptions {
  readonly path: string
  readonly format: 'ndjson' | 'raw'
  readonly readableBy: keyof typeof modes
  readonly rotate: {
    readonly maxBytes: number
    readonly maxAge?: number | undefined
    readonly compression: 'gzip' | 'none'
  }
  readonly keep: { readonly maxFiles?: number | undefined; readonly maxAge?: number | undefined }
}

/** What is noted before each append. */
interface Note {
  /** Absent: all that is noted is written. */
  readonly append?: Append
  readonly rows: readonly StoredWritten[]
}

/**
 * Before rows are written it is noted which, and what their bytes are; they are delivered once they are flushed. After a kill the last
 * note tells whether its append happened, and rows that are read again are known by the notes. So no whole row is ever taken back, and
 * none is written twice. The note is handed over before the cursors that pass its rows: where it is not durable, they are not either.
 */
export class FileOutput implements Output {
  readonly #options: FileOptions
  readonly #context: OutputContext
  readonly #encoder: LineEncoder
  readonly #series: Series
  #file: AppendFile | undefined
  /** Undefined until it was looked how the last run ended. */
  #written: WrittenRows | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: FileOptions, context: OutputContext) {
    this.#options = options
    this.#context = context
    this.#encoder = options.format === 'raw' ? new RawRows() : lineEncoder({ format: 'json', color: false }, context)
    const { path, rotate, keep } = options
    const series = { path, mode: this.#mode, compression: rotate.compression, ...keep, maxAgeMs: keep.maxAge }
    this.#series = new Series(series, context)
  }

  encode(batch: Batch, body: Body): void {
    this.#encoder.encode(batch, body)
  }

  async look(): Promise<readonly Finding[]> {
    const { lookAt } = await import('./look.ts')
    return [await lookAt(this.#options.path)]
  }

  async prepare(): Promise<string> {
    await this.#inTurn(() => this.#ready())
    return this.#options.path
  }

  send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    return this.#inTurn(() => this.#append(shipment, signal))
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#series.close()
    await this.#file?.close()
    this.#file = undefined
  }

  get #mode(): number {
    return modes[this.#options.readableBy]
  }

  /** One after the other, however many requests there may be at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work).catch((error: unknown) => {
      throw error instanceof SendError ? error : faultOf(error, this.#options.path)
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #append(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    const written = await this.#ready()
    const known = written.find(shipment)
    const lines = known === undefined ? all(shipment) : without(shipment, known)
    if (lines.length > 0) await this.#write(lines, { shipment, known, written, signal })
    if (known === undefined) return { requestBytes: lines.length }
    const verdict = known.map(isKnown => (isKnown === 1 ? Verdict.exists : Verdict.delivered))
    return { each: { verdict, refusals: new Map() }, requestBytes: lines.length }
  }

  async #write(lines: Buffer, rows: Rows): Promise<void> {
    const { shipment, known, written, signal } = rows
    const { clock, cursor } = this.#context
    const file = await this.#fileFor(lines.length, rows)
    const bytes = file.joined(lines)
    written.forget(cursor, clock.now())
    written.add(shipment, known, clock.now())
    try {
      await this.#note({ append: file.planOf(bytes), rows: written.stored() }, signal)
      await file.append(bytes)
    } catch (error) {
      written.dropLast()
      // Where even that fails, it is done before the next append, or at the next start.
      await file.look().catch(() => 0)
      throw error
    }
  }

  /** The file with room for so many bytes. */
  async #fileFor(length: number, { written, signal }: Rows): Promise<AppendFile> {
    const { rotate } = this.#options
    const file = this.#file!
    if (file.size === 0) file.since = this.#context.clock.now()
    const isFull = file.size > 0 && file.size + length > rotate.maxBytes
    const isOld = this.#context.clock.now() - file.since > (rotate.maxAge ?? Infinity)
    if (!isFull && !isOld) return file
    // From here on it is not asked any more whether the last append happened: its file may be compressed by then.
    await this.#note({ rows: written.stored() }, signal)
    await this.#series.rotate()
    return this.#open()
  }

  /** Opens what is not open; the first time it looks how the last run ended. */
  async #ready(): Promise<WrittenRows> {
    const written = (this.#written ??= await this.#recover())
    const { path } = this.#options
    if (this.#file === undefined) await this.#open()
    else if (await this.#file.isInPlace()) {
      const missing = await this.#file.look()
      if (missing > 0) this.#context.log.warn(`File "${path}" was truncated: ${missing} bytes of it are gone`)
    } else {
      this.#context.log.warn(`File "${path}" was moved or deleted: a new one is begun`)
      await this.#open()
    }
    return written
  }

  async #open(): Promise<AppendFile> {
    await this.#file?.close()
    this.#file = undefined
    return (this.#file = await AppendFile.open(this.#options.path, this.#mode))
  }

  /** What was noted is what the file has, but for the last append, which may not have happened. Where its file is not found, neither are
   * its rows. */
  async #recover(): Promise<WrittenRows> {
    const { append, rows } = JSON.parse(this.#context.note(noteKey) ?? '{"rows":[]}') as Note
    const written = new WrittenRows(rows)
    if (append !== undefined) {
      const path = await whereIs(append.inode, append.path)
      if (path === undefined || !(await hasHappened(append, path))) written.dropLast()
    }
    this.#series.tend()
    return written
  }

  /** Resolves once it is durable. The disk of the state may be full for long: nothing was written until then. */
  #note(note: Note, signal: AbortSignal): Promise<void> {
    return orClosed(this.#context.setNote(noteKey, JSON.stringify(note)), signal)
  }
}

interface Rows {
  readonly shipment: Shipment
  /** Those that stand in the file already. */
  readonly known: Uint8Array | undefined
  readonly written: WrittenRows
  readonly signal: AbortSignal
}

function all({ bytes, rows, rowEnds }: Shipment): Buffer {
  return bytes.subarray(0, rowEnds[rows - 1] ?? 0)
}

function faultOf(cause: unknown, path: string): SendError {
  const { code = '' } = cause as { code?: string }
  const message = `Cannot write to "${path}": ${words[code] ?? messageOf(cause)}`
  if (needsPerson.has(code)) return new SendError(message, 'pause', { cause })
  return new SendError(message, 'retry', { retryAfterMs: retryMs, cause })
}
