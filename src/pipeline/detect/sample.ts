import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { FollowPlan } from '../../config/define.ts'
import type { Batch } from '../../core/batch.ts'
import { noLink } from '../../core/record.ts'
import { FileMarks } from '../../inputs/file/marks.ts'
import type { Parser, Processor } from '../../core/steps.ts'
import { type ArchiveFormat, archiveFormat } from '../../inputs/file/archive.ts'
import { lookInto } from '../../inputs/file/look-into.ts'
import { framerOf } from '../../inputs/framing/framer.ts'
import { multilineOf, type Multiline } from '../../inputs/framing/groupings.ts'
import { HeldBudget } from '../../inputs/framing/held.ts'
import { Arena } from '../../scan/arena.ts'
import { plainWay, tableBytes } from '../plain-way.ts'

/** Docker's json-file, and CRI. */
const wrapped = /^(?:\{"log":"|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] )/

/** What samples share. */
export interface SampleParts {
  readonly arena: Arena
  readonly batch: Batch
  readonly multiline: Multiline
  readonly maxLineBytes: number
}

export async function samplePartsOf(): Promise<SampleParts> {
  const arena = new Arena(undefined, tableBytes)
  const { multiline, maxLineBytes } = (await plainWay()).input.follow
  return { arena, batch: arena.newBatch(), multiline: await multilineOf(multiline!), maxLineBytes }
}

/** The first rows of a file, to be read in several ways. */
export class Sample {
  readonly framing: FollowPlan['framing']
  readonly #bytes: Buffer
  readonly #arena: Arena
  readonly #multiline: Multiline
  readonly #maxLineBytes: number
  readonly #batch: Batch

  /** Reads a chunk of a file, decompressed, into an arena when its rows are asked for. Throws the system's errors. */
  constructor(path: string, { arena, batch, multiline, maxLineBytes }: SampleParts) {
    const bytes = beginningOf(path, arena.chunkBytes)
    this.#bytes = bytes
    this.#arena = arena
    this.#multiline = multiline
    this.#maxLineBytes = maxLineBytes
    this.#batch = batch
    const lines = bytes
      .toString()
      .split('\n')
      .filter(line => line.trim() !== '')
    this.framing = lines.length > 0 && lines.every(line => wrapped.test(line)) ? 'containers' : 'lines'
  }

  /** The rows as a parser finds them and steps leave them, until the next call. Lines of a stack trace are one, if `isGrouped`. */
  rows(parser: Parser, steps: readonly Processor[], isGrouped: boolean): Batch {
    const arena = this.#arena
    const batch = this.#batch
    this.#bytes.copy(arena.bytes)
    batch.bytes = arena.bytes
    batch.size = this.#bytes.length
    batch.source = { ...nobody, marks: new FileMarks('sample', noLink, { cuts: [], parser: undefined }) }
    batch.base = 0
    batch.readTime = Date.now()
    batch.clear()
    arena.index(batch)
    const multiline = isGrouped ? this.#multiline : undefined
    const plan = { framing: this.framing, maxLineBytes: this.#maxLineBytes, multiline }
    framerOf(plan, { arena, budget: new HeldBudget() }).frame(batch, arena.lines, Infinity, true)
    parser.parse(batch)
    for (const step of steps) step.apply(batch)
    return batch
  }
}

const nobody = {
  id: 'sample',
  input: '',
  resource: {},
  dataset: '',
  service: '',
  agent: '',
  repeatsUntil: 0,
  read: () => 0,
  marker: () => ''
}

/** Whole lines of the first bytes. */
function beginningOf(path: string, most: number): Buffer {
  return lookInto(path, content => {
    const raw = Buffer.alloc(most)
    const read = raw.subarray(0, content.read([raw], 0))
    const format = archiveFormat(content)
    const bytes = format === undefined ? read : unpacked(read, format).subarray(0, most)
    const end = bytes.lastIndexOf('\n') + 1
    return bytes.length < most || end === 0 ? bytes : bytes.subarray(0, end)
  })
}

/** Of an archive that may be cut. */
function unpacked(bytes: Buffer, format: ArchiveFormat): Buffer {
  return format === 'gzip'
    ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
    : zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush })
}
