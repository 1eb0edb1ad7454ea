import { Worker } from 'node:worker_threads'
import type { Log } from '../core/log.ts'
import type { StateRecord } from '../core/record.ts'
import type { ReplayRow } from '../delivery/replay.ts'
import type { StateStore } from '../state/store.ts'
import type { Plan } from './plan.ts'
import type { Answers, FromShard, Question, ReplayVerdicts, ShardStart, ToShard } from './messages.ts'

/** A shard asked for something answers within this time, or the question fails: a status page must not hang with it. */
const answerMs = 3000
/** A replay ends by itself once what is on its way has been answered: its result must not be missed, however late. */
const replayMs = 3_600_000

/** A shard that reads from a disk that hangs takes over another plan when that has come back. */
const changeMs = 30_000

type WithoutId<Q> = Q extends Question ? Omit<Q, 'id'> : never

/** The control thread's end of one shard: starts the worker, stores what it asks to be stored, passes questions on. */
export class ShardPort {
  /** Resolves once sources are known and outputs are made; rejects when the worker could not. */
  readonly started: Promise<void>
  /** Resolves when it is closed or has nobody to send to any more; rejects when the worker dies without having been asked to. */
  readonly ended: Promise<void>
  /** Called when dead letters of this shard have become durable. */
  onLetters: () => void = () => {}
  readonly #worker: Worker
  #end: () => void = () => {}
  readonly #state: StateStore
  readonly #log: Log
  readonly #questions = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #nextQuestion = 1
  /** Number of the last records of this shard. */
  #appended = 0
  #closing = false

  constructor(start: ShardStart, state: StateStore, log: Log) {
    this.#state = state
    this.#log = log
    this.#worker = new Worker(shardEntry(), { workerData: start, name: start.shard })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.started = promise
    this.ended = new Promise((done, fail) => {
      this.#end = done
      this.#worker.on('error', error => {
        reject(error)
        fail(error)
      })
      this.#worker.on('exit', code => {
        for (const question of this.#questions.values()) question.reject(new Error('The shard has ended'))
        this.#questions.clear()
        if (this.#closing) done()
        else fail(new Error(`A shard ended with code ${code}`))
      })
    })
    this.ended.catch(() => undefined)
    this.#worker.on('message', (message: FromShard) => {
      if (message.type === 'started') resolve()
      else if (message.type === 'ended') this.#end()
      else this.#receive(message)
    })
  }

  post(message: ToShard): void {
    this.#worker.postMessage(message)
  }

  ask<W extends keyof Answers>(what: W): Promise<Answers[W]> {
    return this.#question({ type: 'ask', what }, answerMs)
  }

  replay(output: string, rows: readonly ReplayRow[]): Promise<ReplayVerdicts> {
    return this.#question({ type: 'replay', output, rows }, replayMs)
  }

  /** Resolves with the number of rows that stay behind. */
  drain(withinMs: number): Promise<number> {
    return this.#question({ type: 'drain', withinMs }, withinMs + 5000)
  }

  /** Lets the shard go on with another plan. Rejects where it can not; then it goes on with the one it has. */
  async change(plan: Plan): Promise<void> {
    await this.#question<void>({ type: 'change', plan }, changeMs)
    // What was closed has stored where it stood; what is followed from here on is told so.
    await this.#question<void>({ type: 'follow', stored: this.#state.load() }, changeMs)
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#worker.terminate()
  }

  #question<T>(question: WithoutId<Question>, withinMs: number): Promise<T> {
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

  #receive(message: Exclude<FromShard, { type: 'started' | 'ended' }>): void {
    if (message.type === 'append') {
      void this.#store(message.records)
    } else if (message.type === 'await') {
      void this.#state.untilDurable(this.#appended).then(() => this.confirm(message.number))
    } else if (message.type === 'log') {
      this.#log[message.level](message.message, message.fields)
    } else {
      const question = this.#questions.get(message.id)
      if (message.error !== undefined) question?.reject(new Error(message.error))
      else question?.resolve(message.value as never)
    }
  }

  async #store(records: readonly StateRecord[]): Promise<void> {
    this.#appended = this.#state.append(records)
    if (!records.some(record => record.kind === 'letter')) return
    await this.#state.untilDurable(this.#appended)
    this.onLetters()
  }

  /** Tells the shard what is durable now, and whether the state can be written. */
  confirm(number: number): void {
    this.post({ type: 'durable', number, writable: this.#state.writable })
  }
}

/** Beside this file: the source, or in the built package the bundle. */
function shardEntry(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? './shard-main.ts' : './shard-main.js', import.meta.url)
}
