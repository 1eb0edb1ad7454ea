import type { Batch } from '../core/batch.ts'
import { Call } from '../core/call.ts'
import type { Lines } from '../core/steps.ts'
import type { Workspace } from '../core/workspace.ts'

/** `Call` of kernels/structure.as.ts behind `base`. */
const layout = `lineEnds lineMarks lines size longest rowRoom
  starts ends positions lengths mark flags errors fate severity firstField lastField
  serviceKind traceIdKind spanIdKind agentIdKind bodyKind start nextMark rows`

/** Makes rows of lines. Measured: 7 ns a row where `Batch.addRow` takes 23. */
export class RowKernel {
  /** Where the next line starts, and the first mark at or behind it. */
  start = 0
  mark = 0
  readonly run: (call: number, line: number) => number
  readonly #call: Call
  readonly #linesPlace: number
  readonly #startPlace: number
  readonly #markPlace: number
  readonly #rowsPlace: number

  constructor(workspace: Workspace, run: (call: number, line: number) => number) {
    this.run = run
    this.#call = new Call(workspace, 1, layout)
    this.#linesPlace = this.#call.place('lines')
    this.#startPlace = this.#call.place('start')
    this.#markPlace = this.#call.place('nextMark')
    this.#rowsPlace = this.#call.place('rows')
  }

  /** To be called before the lines of a chunk. False where the kernel can not be used. `size`: lines that end there are left out. */
  open(batch: Batch, lines: Lines, size: number, longest: number): boolean {
    const { workspace } = batch
    if (workspace === undefined || !batch.inWorkspace || lines.ends.buffer !== workspace.buffer) return false
    const call = this.#call
    call.setColumns(batch)
    call.doubles[0] = batch.base
    call.set('lineEnds', lines.ends.byteOffset)
    call.set('lineMarks', lines.marks.byteOffset)
    call.set('size', size)
    call.set('longest', longest)
    call.set('rowRoom', batch.starts.length)
    call.words[this.#linesPlace] = lines.count
    return true
  }

  /** Adds rows for lines from number `line` on, which starts at `start`; returns the first line that needs more than that. */
  add(batch: Batch, line: number, start: number, mark: number): number {
    const { words, address } = this.#call
    words[this.#startPlace] = start
    words[this.#markPlace] = mark
    words[this.#rowsPlace] = batch.rows
    const next = this.run(address, line)
    this.start = words[this.#startPlace]!
    this.mark = words[this.#markPlace]!
    batch.rows = words[this.#rowsPlace]!
    return next
  }
}
