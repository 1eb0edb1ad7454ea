import { Worker } from 'node:worker_threads'
import type { Clock } from '../core/clock.ts'
import { ExitError } from '../core/errors.ts'
import { hungThreads } from '../core/hung-threads.ts'
import type { Log } from '../core/log.ts'
import type { ShardRecord } from '../core/record.ts'
import type { ReplayRow } from '../delivery/replay.ts'
import { Whereabouts } from '../inputs/file/whereabouts.ts'
import type { StateStore } from '../state/store.ts'
import type { TailRows, TailWanted } from './collector.ts'
import type { Plan } from './plan.ts'
import type { AgentReport, Answers, FromShard, Question, ReplayVerdicts, ShardStart, ToShard } from './messages.ts'
import { hangsAfterMs, Pulse } from './pulse.ts'

/** A shard asked for something answers within this time, or the question fails: a status page must not hang with it. */
const answerMs = 3000
/** A replay ends by itself once what is on its way has been answered: its result must not be missed, however late. */
const replayMs = 3_600_000
/** A shard that is busy takes over another plan when it comes to it. */
const changeMs = 30_000
const closeMs = 1000

type WithoutId<Q> = Q extends Question ? Omit<Q, 'id'> : never

export interface PortParts {
  readonly state: StateStore
  readonly log: Log
  readonly clock: Clock
}

/** A shard does not go on. */
export interface Stall {
  /** Where it is in the file system, or was last. */
  readonly path: string
  /** Epoch ms. */
  readonly since: number
}

/** The control thread's end of one shard: starts the worker, stores what it asks to be stored, passes questions on, and sees whether it
 * goes on. */
export class ShardPort {
  /** What it runs, as far as anybody knows. */
  plan: Plan
  /** The shard may run another plan: it did not answer in time. */
  isUnsure = false
  /** Set while it hangs. Questions then fail at once. */
  stall: Stall | undefined
  /** Resolves once sources are known and outputs are made, or when it hangs before; rejects when the worker could not. */
  readonly begun: Promise<void>
  /** Resolves when it is closed or has nobody to send to any more; rejects when the worker dies without having been asked to. */
  readonly ended: Promise<void>
  /** Resolves while it drains, once rules have all that it will read. */
  readonly hasRead: Promise<void>
  isClosed = false
  /** Called when dead letters of this shard have become durable. */
  onLetters: () => void = () => {}
  onAgents: (report: AgentReport) => void = () => {}
  /** Called with rows for a tail, which is to be answered by `more`. */
  onRows: (tail: number, rows: TailRows) => void = () => {}
  /** Inputs and sources that it has not read to their end, and since when, monotonic ms. */
  behind: ReadonlyMap<string, number> = new Map()
  readonly #worker: Worker
  readonly #whereabouts = new Whereabouts()
  readonly #pulse: Pulse
  readonly #parts: PortParts
  readonly #began = Promise.withResolvers<void>()
  readonly #started = Promise.withResolvers<void>()
  readonly #end = Promise.withResolvers<void>()
  readonly #read = Promise.withResolvers<void>()
  readonly #questions = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #hasStarted = false
  #nextQuestion = 1
  /** Number of the last records of this shard. */
  #appended = 0

  constructor(start: ShardStart, parts: PortParts) {
    this.#parts = parts
    this.plan = start.plan
    this.begun = this.#began.promise
    this.ended = this.#end.promise
    this.hasRead = this.#read.promise
    for (const { promise } of [this.#began, this.#started, this.#end]) promise.catch(() => undefined)
    const workerData = { start, whereabouts: this.#whereabouts.memory }
    const worker = new Worker(shardEntry(), { workerData, name: start.shard })
    this.#worker = worker
    const idleMs = (): number => worker.performance.eventLoopUtilization().idle
    this.#pulse = new Pulse({ signs: () => this.#whereabouts.signs, idleMs, cpuMs: () => this.#whereabouts.cpuMs })
    worker.on('error', (error: Error) => this.#fail(withClass(error)))
    worker.on('exit', code => this.#exit(code))
    worker.on('message', (message: FromShard) => this.#receive(message))
  }

  /** Lets it begin to read, once it has found its sources. */
  start(): void {
    void this.#started.promise.then(() => this.post({ type: 'start' })).catch(() => undefined)
  }

  post(message: ToShard): void {
    this.#worker.postMessage(message)
  }

  ask<W extends keyof Answers>(what: W): Promise<Answers[W]> {
    if (!this.#hasStarted) return Promise.reject(new Error('The shard has not started yet'))
    return this.#question({ type: 'ask', what }, answerMs)
  }

  replay(output: string, rows: readonly ReplayRow[]): Promise<ReplayVerdicts> {
    return this.#question({ type: 'replay', output, rows }, replayMs)
  }

  /** Resolves once rows that are read are shown. */
  listen(tail: number, wanted: TailWanted): Promise<void> {
    return this.#question({ type: 'listen', tail, wanted }, answerMs)
  }

  /** Resolves with the number of rows that stay behind. */
  drain(withinMs: number): Promise<number> {
    return this.#question({ type: 'drain', withinMs }, withinMs + 5000)
  }

  /** Lets go of what another plan does not have, or has otherwise. Rejects where it can not; then the shard goes on with the one it
   * has. `follow` is to come behind it. */
  async change(plan: Plan): Promise<void> {
    this.isUnsure = true
    await this.#question<void>({ type: 'change', plan }, changeMs)
    this.plan = plan
  }

  /** Follows what that plan has. What was closed, here or in another shard, has stored where it stood. */
  async follow(): Promise<void> {
    await this.#question<void>({ type: 'follow', stored: this.#parts.state.load() }, changeMs)
    this.isUnsure = false
  }

  /** Looks whether it goes on, `passedMs` after the last look. */
  look(passedMs: number, afterMs = hangsAfterMs): void {
    if (this.isClosed) return
    const hangs = this.#pulse.look(passedMs, afterMs)
    if (this.stall === undefined && hangs) this.#stalls()
    else if (this.stall !== undefined && this.#pulse.quietMs === 0) this.#goesOn(this.stall)
  }

  /** One that hangs ends with the process. */
  async close(): Promise<void> {
    this.isClosed = true
    const { clock } = this.#parts
    const isEnded = this.#worker.terminate().then(() => hungThreads.delete(this))
    const isLate = new Promise(resolve => clock.after(this.stall === undefined ? closeMs : 0, () => resolve('late')))
    if ((await Promise.race([isEnded, isLate])) === 'late') hungThreads.add(this)
    this.#end.resolve()
  }

  /** Tells the shard what is durable now, and whether the state can be written. */
  confirm(number: number): void {
    this.post({ type: 'durable', number, writable: this.#parts.state.writable })
  }

  get #inputs(): string {
    return this.plan.inputs.map(({ name }) => name).join(', ')
  }

  #stalls(): void {
    const { clock, log } = this.#parts
    const { quietMs } = this.#pulse
    const path = this.#whereabouts.path || '(no file)'
    this.stall = { path, since: clock.now() - quietMs }
    hungThreads.add(this)
    log.error(`Cannot read "${path}": no answer for ${quietMs / 1000} s, waiting`, { inputs: this.#inputs })
    this.#refuse(hangsIn(path))
    this.#began.resolve()
  }

  #goesOn({ path, since }: Stall): void {
    const { clock, log } = this.#parts
    this.stall = undefined
    hungThreads.delete(this)
    log.info(`Can read "${path}" again`, { inputs: this.#inputs, afterMs: clock.now() - since })
  }

  #fail(error: Error): void {
    for (const { reject } of [this.#began, this.#started, this.#end]) reject(error)
  }

  #exit(code: number): void {
    this.#refuse(new Error('The shard has ended'))
    if (this.isClosed) this.#end.resolve()
    else this.#fail(new Error(`A shard ended with code ${code}`))
  }

  #refuse(error: Error): void {
    for (const question of this.#questions.values()) question.reject(error)
    this.#questions.clear()
  }

  #question<T>(question: WithoutId<Question>, withinMs: number): Promise<T> {
    if (this.stall !== undefined) return Promise.reject(hangsIn(this.stall.path))
    const id = this.#nextQuestion++
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const timer = setTimeout(() => reject(new Error(`No answer from the shard within ${withinMs} ms`)), withinMs)
    this.#questions.set(id, { resolve, reject })
    this.post({ ...question, id })
    return promise.finally(() => {
      clearTimeout(timer)
      this.#questions.delete(id)
    })
  }

  #receive(message: FromShard): void {
    if (message.type === 'append') {
      void this.#store(message.records)
    } else if (message.type === 'await') {
      void this.#parts.state.untilDurable(this.#appended).then(() => this.confirm(message.number))
    } else if (message.type === 'log') {
      this.#parts.log[message.level](message.message, message.fields)
    } else if (message.type === 'answer') {
      const question = this.#questions.get(message.id)
      if (message.error !== undefined) question?.reject(new Error(message.error))
      else question?.resolve(message.value as never)
    } else if (message.type === 'agents') {
      this.#takeReport(message.report)
    } else if (message.type === 'rows') {
      this.onRows(message.tail, message.rows)
    } else if (message.type === 'read') {
      this.#read.resolve()
    } else if (message.type === 'started') {
      this.#hasStarted = true
      this.#began.resolve()
      this.#started.resolve()
    } else this.#end.resolve()
  }

  #takeReport(report: AgentReport): void {
    const now = this.#parts.clock.monotonic()
    this.behind = new Map(report.behind.map(place => [place, this.behind.get(place) ?? now]))
    this.onAgents(report)
  }

  async #store(records: readonly ShardRecord[]): Promise<void> {
    const { state } = this.#parts
    this.#appended = state.append(records)
    if (!records.some(record => record.kind === 'letter')) return
    await state.untilDurable(this.#appended)
    this.onLetters()
  }
}

/** Of an error that passes between threads its fields are left. */
function withClass(error: Error & { exitCode?: unknown }): Error {
  const { name, message, exitCode } = error
  return name === 'ExitError' && typeof exitCode === 'number' ? new ExitError(message, exitCode, error) : error
}

function hangsIn(path: string): Error {
  return new Error(`The shard hangs in "${path}"`)
}

/** Beside this file: the source, or in the built package the bundle. */
function shardEntry(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './shard-main.ts' : './shard-main.js', import.meta.url)
}
