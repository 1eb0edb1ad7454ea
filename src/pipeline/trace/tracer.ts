import { setImmediate as breath } from 'node:timers/promises'
import type { Batch } from '../../core/batch.ts'
import type { Clock } from '../../core/clock.ts'
import { Keys } from '../../core/keys.ts'
import { silentLog } from '../../core/log.ts'
import { Meter } from '../../core/metrics.ts'
import type { Output } from '../../core/output.ts'
import { noLink } from '../../core/record.ts'
import { Gone, Idle, type Position } from '../../core/source.ts'
import type { FileSource } from '../../inputs/file/source.ts'
import { Arena } from '../../scan/arena.ts'
import { tableBytes } from '../plain-way.ts'
import type { InputPlan, PipelinePlan, Plan } from '../plan.ts'
import { Reader } from '../reader.ts'
import { type Replace, Steps } from '../steps.ts'
import { type FramerCounts, InputCounts, Tally } from '../tally.ts'
import { Exits } from './exits.ts'
import type { TracedRow } from './traced-row.ts'
import { Witness } from './witness.ts'

/** Between two signs of life, ms. */
const breathMs = 100

export interface TracerOptions {
  readonly plan: Plan
  readonly hostName: string
  readonly clock: Clock
}

/** What is to be traced. */
export interface Journey {
  readonly source: FileSource
  readonly input: InputPlan
  readonly pipeline: PipelinePlan
  /** Whether somebody wants to see the row that stands there. */
  readonly isWanted: (position: Position, length: number) => boolean
  /** Called with rows that are wanted, in their order. Reading ends where it answers false. */
  readonly onRow: (row: TracedRow) => boolean
  readonly onProgress?: (position: Position) => void
}

/**
 * Lets sources go the way that those of a collector go, from the first byte to the encoded row, and looks at rows behind each step. The
 * components are those that run; what they make is kept instead of sent, and nothing is stored.
 */
export class Tracer {
  readonly #options: TracerOptions
  readonly #steps: Steps
  readonly #keys: Keys
  readonly #arena: Arena
  readonly #batch: Batch
  readonly #meter: Meter
  readonly #witness: Witness
  readonly #outputs: ReadonlyMap<string, Output>
  #wake: () => void = () => {}

  static async create(options: TracerOptions): Promise<Tracer> {
    const { plan, hostName, clock } = options
    const [keys, meter, arena] = [new Keys(), new Meter(), new Arena(undefined, tableBytes)]
    const witness = new Witness(keys)
    const outputs = new Map<string, Output>()
    const replace: Replace = {
      parser: (parser, use) => witness.parser(parser, use),
      output(output, id) {
        outputs.set(id, output)
        return output
      }
    }
    const parts = { link: noLink, clock, log: silentLog, meter, keys, workspace: arena.workspace, replace }
    const nobody = { notes: new Map(), hostName, shard: 'trace', letterBytes: new Map(), onEnd() {}, cursorOf: () => 0 }
    const steps = await Steps.create({ ...plan, rules: [] }, { ...parts, ...nobody })
    return new Tracer(options, { steps, keys, meter, arena, witness, outputs })
  }

  private constructor(
    options: TracerOptions,
    made: { steps: Steps; keys: Keys; meter: Meter; arena: Arena; witness: Witness; outputs: Map<string, Output> }
  ) {
    this.#options = options
    this.#steps = made.steps
    this.#keys = made.keys
    this.#meter = made.meter
    this.#arena = made.arena
    this.#batch = made.arena.newBatch()
    this.#witness = made.witness
    this.#outputs = made.outputs
  }

  /** What sends rows to the output of this id, `pipeline/output`. */
  output(id: string): Output {
    return this.#outputs.get(id)!
  }

  /** Bytes of a source are there that were under way. */
  woken(): void {
    this.#wake()
  }

  /** Reads a source from its beginning, to its end or as far as somebody wants to see its rows. */
  async trace(journey: Journey): Promise<void> {
    const { source, pipeline, onRow, onProgress } = journey
    const exits = new Exits(pipeline, { plan: this.#options.plan, output: id => this.output(id), keys: this.#keys })
    let goesOn = true
    const append = (batch: Batch): void => {
      for (const row of this.#witness.take(batch, exits)) goesOn &&= onRow(row)
    }
    const reader = this.#readerOf(journey, append)
    for (let restedAt = performance.now(); goesOn; ) {
      const got = reader.readChunk(Infinity)
      const isUnderWay = got === Idle && source.isSequential && !source.isFailing
      if (reader.loading === undefined && got < 0 && !isUnderWay) {
        if (got === Gone) reader.finish(Infinity)
        else reader.giveOutRest()
      }
      if (reader.loading !== undefined) await reader.loading
      else if (isUnderWay) await new Promise<void>(resolve => (this.#wake = resolve))
      else if (got < 0) break
      this.#keys.trim()
      if (performance.now() - restedAt < breathMs) continue
      onProgress?.(reader.readTo)
      await breath()
      restedAt = performance.now()
    }
    reader.end()
  }

  /** Closes the outputs. */
  async close(): Promise<void> {
    for (const { delivery } of this.#steps.routes) await delivery.close()
  }

  #readerOf({ source, input, pipeline, isWanted }: Journey, append: (batch: Batch) => void): Reader {
    const steps = this.#steps
    const { clock } = this.#options
    const framed: FramerCounts = { nulBytes: { value: 0 }, truncatedRows: { value: 0 }, splitGroups: { value: 0 } }
    const { processors, seenBehind } = steps.treatment(pipeline.name)
    return new Reader(
      source,
      { from: source.startAt, knownTo: 0 },
      {
        arena: this.#arena,
        batch: this.#batch,
        framed,
        seenBehind,
        clock,
        framer: steps.framer(input, this.#arena, framed),
        parser: this.#witness.begin(steps.parser(input), isWanted),
        processors: this.#witness.steps(
          processors.map(step => step.forLane?.() ?? step),
          pipeline.process
        ),
        observers: [],
        log: silentLog,
        sourceLog: silentLog,
        tally: new Tally(new InputCounts(this.#meter, input.name)),
        frontier: undefined
      },
      { observe() {}, append, skip() {} }
    )
  }
}
