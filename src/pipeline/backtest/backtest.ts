import { hostname } from 'node:os'
import { setImmediate as breath } from 'node:timers/promises'
import type { Batch } from '../../core/batch.ts'
import { systemClock } from '../../core/clock.ts'
import { Keys } from '../../core/keys.ts'
import { silentLog } from '../../core/log.ts'
import { Meter } from '../../core/metrics.ts'
import { noLink } from '../../core/record.ts'
import { describe } from '../../inputs/file/resource.ts'
import { type Whole, wholeSource } from '../../inputs/file/whole.ts'
import { Backtest, type Episode, type Look } from '../../rules/evaluate/backtest.ts'
import type { RuleRun } from '../../rules/evaluate/rule-run.ts'
import type { RuleGroup } from '../../rules/rule.ts'
import { Arena } from '../../scan/arena.ts'
import { OldFile, type OldRows } from './old-file.ts'
import { RuleTap } from '../rule-tap.ts'
import { Steps } from '../steps.ts'
import { type FramerCounts, Frontier, InputCounts, Tally } from '../tally.ts'
import { plainWay, tableBytes, type Way } from '../plain-way.ts'

/** Of each range aggregation. */
const maxSeries = 10_000
/** Between two signs of life, ms. */
const breathMs = 100

/** A log that rules are tried on. */
export interface OldLog {
  readonly whole: Whole
  /** Of rows that name none; empty: that of the input. */
  readonly service: string
  /** Constant fields of its rows, besides those of its path. */
  readonly fields: Readonly<Record<string, string>>
}

export interface BacktestOptions {
  readonly groups: readonly RuleGroup[]
  readonly logs: readonly OldLog[]
  /** What rows go through; left out: an input and a pipeline without options. */
  readonly way?: Way | undefined
  /** Evaluations are between these, epoch ms; left out: from the first row to the last. */
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  readonly onProgress?: (progress: BacktestProgress) => void
  readonly looks?: readonly Look[]
}

export interface BacktestProgress {
  readonly rows: number
  /** Of the files as they lie there; of archives, what they hold so far. */
  readonly bytes: number
}

export interface BacktestReport {
  readonly episodes: readonly Episode[]
  /** Epoch ms, of the first and the last evaluation that there could be. */
  readonly fromMs: number
  readonly toMs: number
  readonly rows: number
  readonly bytes: number
  /** Rows whose time was no good: see old-file.ts. */
  readonly timeless: number
  readonly ahead: number
  /** Rows that came when their time had been evaluated: they count from there on. */
  readonly disordered: number
  readonly evaluations: number
  readonly rules: readonly RuleRun[]
  /** Why a file could not be read to its end, by its path. */
  readonly problems: Readonly<Record<string, string>>
}

/**
 * Tries rules on old logs: their bytes go the way that those of followed files go, up to where rules see rows, and evaluations follow the
 * times of the rows as fast as these can be read. Of several logs the one that is furthest behind is read next, so that an evaluation sees
 * all rows of its time. Nothing is stored, sent or told. Closes the logs.
 */
export async function backtest(options: BacktestOptions): Promise<BacktestReport> {
  const meter = new Meter()
  const keys = new Keys()
  const arena = new Arena(undefined, tableBytes)
  const rules = new Backtest(options.groups, { maxSeries, meter, looks: options.looks ?? [] })
  const { input, pipeline } = options.way ?? (await plainWay())
  const plan = { inputs: [input], pipelines: [pipeline], outputs: [], rules: rules.queries }
  const parts = { link: noLink, clock: systemClock, log: silentLog, meter, keys, workspace: arena.workspace }
  const nobody = {
    notes: new Map(),
    hostName: '',
    shard: 'backtest',
    letterBytes: new Map(),
    onEnd() {},
    cursorOf: () => 0
  }
  const steps = await Steps.create(plan, { ...parts, ...nobody })
  try {
    return await new Reading(options, { rules, steps, meter, keys, arena }).run()
  } finally {
    for (const { whole } of options.logs) whole.content.close()
  }
}

interface Parts {
  readonly rules: Backtest
  readonly steps: Steps
  readonly meter: Meter
  readonly keys: Keys
  readonly arena: Arena
}

/** All logs, read together. */
class Reading {
  readonly #options: BacktestOptions
  readonly #parts: Parts
  readonly #tap = new RuleTap()
  readonly #files: readonly OldFile[]
  readonly #problems: Record<string, string> = {}
  /** Goes on where bytes are under way. */
  #wake: () => void = () => {}
  #oldest = Infinity
  #newest = -Infinity
  #evaluatedTo = -Infinity
  #disordered = 0

  constructor(options: BacktestOptions, parts: Parts) {
    this.#options = options
    this.#parts = parts
    this.#tap.use(parts.steps.queries)
    const batch = parts.arena.newBatch()
    this.#files = options.logs.map(log => this.#fileOf(log, batch))
  }

  async run(): Promise<BacktestReport> {
    const { toMs = Infinity, onProgress } = this.#options
    let shownAt = -Infinity
    for (let file = this.#next(toMs); file !== undefined; file = this.#next(toMs)) {
      if (!file.read()) await (file.loading ?? new Promise<void>(resolve => (this.#wake = resolve)))
      this.#parts.keys.trim()
      this.#advance()
      if (performance.now() - shownAt < breathMs) continue
      onProgress?.(this.#progress())
      await breath()
      shownAt = performance.now()
    }
    return this.#finish()
  }

  /** The log that is furthest behind; undefined: all are done. */
  #next(toMs: number): OldFile | undefined {
    let least: OldFile | undefined
    for (const file of this.#files) {
      if (!file.isDone && file.clock < toMs && (least === undefined || file.clock < least.clock)) least = file
    }
    return least
  }

  #advance(): void {
    const { rules } = this.#parts
    rules.merge(this.#tap.deltas())
    const read = Math.min(...this.#files.map(({ clock }) => clock))
    if (read > -Infinity && read < Infinity) this.#evaluate(read)
  }

  #evaluate(to: number): void {
    const { rules } = this.#parts
    const { fromMs = this.#oldest, toMs = Infinity } = this.#options
    if (this.#evaluatedTo === -Infinity) rules.start(Math.max(fromMs - rules.restMs, Math.min(fromMs, this.#oldest)))
    this.#evaluatedTo = Math.max(this.#evaluatedTo, Math.min(to, toMs))
    rules.advance(this.#evaluatedTo)
  }

  #finish(): BacktestReport {
    const { rules } = this.#parts
    const { groups, fromMs = this.#oldest, toMs = this.#newest } = this.#options
    // what the last rows do is seen by the evaluation behind them
    const lastMs = this.#options.toMs ?? this.#newest + Math.max(0, ...groups.map(({ intervalMs }) => intervalMs))
    if (Number.isFinite(lastMs)) this.#evaluate(lastMs)
    const sum = (count: (file: OldFile) => number): number => this.#files.reduce((all, file) => all + count(file), 0)
    return {
      episodes: rules.episodes.filter(({ endedAt }) => endedAt === 0 || endedAt >= fromMs),
      fromMs,
      toMs,
      ...this.#progress(),
      timeless: sum(({ timeless }) => timeless),
      ahead: sum(({ ahead }) => ahead),
      disordered: this.#disordered,
      evaluations: rules.evaluations,
      rules: rules.rules,
      problems: this.#problems
    }
  }

  #progress(): BacktestProgress {
    const sum = (count: (file: OldFile) => number): number => this.#files.reduce((all, file) => all + count(file), 0)
    return { rows: sum(({ rows }) => rows), bytes: sum(({ readTo }) => readTo) }
  }

  #fileOf({ whole, service, fields }: OldLog, batch: Batch): OldFile {
    const { steps, arena, meter } = this.#parts
    const [input, pipeline] = [steps.plan.inputs[0]!, steps.plan.pipelines[0]!]
    const about = describe({ ...input, ...input.follow }, hostname(), whole.path, [])
    const source = wholeSource(whole, {
      input: input.name,
      service: service === '' ? about.service : service,
      agent: fields['agent_id'] ?? fields['kubernetes.pod.name'] ?? about.agent,
      resource: { ...about.resource, ...fields },
      failed: reason => (this.#problems[whole.path] ??= reason),
      woken: () => this.#wake()
    })
    const framed: FramerCounts = { nulBytes: { value: 0 }, truncatedRows: { value: 0 }, splitGroups: { value: 0 } }
    const { writtenMs } = whole
    return new OldFile(
      {
        source,
        writtenMs,
        observe: (rows, span) => this.#observe(rows, span),
        append: rows => this.#tap.observeKept(rows)
      },
      {
        arena,
        batch,
        framer: steps.framer(input, arena, framed),
        framed,
        parser: steps.parser(input),
        ...steps.treatment(pipeline.name),
        observers: [],
        // years that a time does not name are those of when it was written
        clock: { ...systemClock, now: () => writtenMs },
        log: silentLog,
        sourceLog: silentLog,
        tally: new Tally(new InputCounts(meter, input.name)),
        frontier: new Frontier()
      }
    )
  }

  #observe(batch: Batch, { oldest, newest }: OldRows): void {
    this.#oldest = Math.min(this.#oldest, oldest)
    this.#newest = Math.max(this.#newest, newest)
    if (oldest <= this.#evaluatedTo) {
      for (let row = 0; row < batch.rows; row++) if (batch.time[row]! <= this.#evaluatedTo) this.#disordered++
    }
    this.#tap.observe(batch)
  }
}
