import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { components } from '../../src/components.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { type Log, type LogFields, silentLog } from '../../src/core/log.ts'
import { pendingRows } from '../../src/core/outcome.ts'
import { systemDisk } from '../../src/inputs/file/disk.ts'
import type { LedgerRow, TailRows } from '../../src/pipeline/collector.ts'
import type { AgentReport } from '../../src/pipeline/messages.ts'
import { planOf } from '../../src/pipeline/plan.ts'
import { Shard } from '../../src/pipeline/shard.ts'
import { FakeClock } from '../fakes/clock.ts'
import { FakeElasticsearch, type FakeOptions } from '../fakes/elasticsearch.ts'
import { tempFolder } from '../fakes/folder.ts'
import { MemoryLink } from '../fakes/state-link.ts'

/** Real time that something may take at most; it is over within milliseconds. */
const patienceMs = 60_000
const stepMs = 20

export interface Wanted {
  /** Options of each output by name, as YAML in one line. Left out: one with the name `es`. */
  readonly outputs?: Readonly<Record<string, string>>
  /** More options of the input, as YAML in one line. */
  readonly input?: string
  /** Options of more inputs by name; of files, unless they say another type. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Lines of YAML behind all others. */
  readonly more?: string
  /** Room for what is not read of deleted files; left out: nothing is kept. */
  readonly holdDeleted?: number
  readonly isStateLost?: boolean
}

/** A folder of logs, a fake Elasticsearch and a state: what stays while shards come and go. */
export class Stage {
  readonly folder = tempFolder()
  readonly server: FakeElasticsearch
  link = new MemoryLink()
  /** Where shards that are opened look for logs. */
  disk = systemDisk
  /** Time goes on over restarts. */
  readonly clock = new FakeClock(Date.now())

  private constructor(server: FakeElasticsearch) {
    this.server = server
  }

  static async create(options: FakeOptions = {}): Promise<Stage> {
    const server = await FakeElasticsearch.start(options)
    onTestFinished(() => server.stop())
    return new Stage(server)
  }

  /** As if the process had died before it stored a cursor: everything is read again. */
  forgetCursors(): void {
    const kept = this.link.records.filter(({ kind }) => kind !== 'cursor' && kind !== 'uncut')
    this.link = new MemoryLink()
    this.link.append(kept)
  }

  /** Warnings of all shards. */
  readonly warnings: (readonly [message: string, fields: LogFields | undefined])[] = []
  /** What shards have said about agents. */
  readonly agents: AgentReport[] = []
  /** What shards have shown to those who look at rows. */
  readonly shown: (readonly [tail: number, rows: TailRows])[] = []
  /** Messages of errors. */
  readonly errors: string[] = []
  /** What it told without being worried. */
  readonly told: (readonly [message: string, fields: LogFields | undefined])[] = []
  readonly log: Log = {
    ...silentLog,
    info: (message, fields) => void this.told.push([message, fields]),
    warn: (message, fields) => void this.warnings.push([message, fields]),
    error: message => void this.errors.push(message)
  }

  /** Appends text to a log. */
  write(text: string, name = 'agent.log'): void {
    appendFileSync(join(this.folder, name), text)
  }

  /** Appends the rows `[from, to)`. */
  writeRows(from: number, to: number, name = 'agent.log'): void {
    let text = ''
    for (let row = from; row < to; row++) text += `${rowOf(row)}\n`
    this.write(text, name)
  }

  /** A shard that has begun to read. */
  async start(wanted: Wanted = {}): Promise<Run> {
    const run = await this.open(wanted)
    run.shard.read()
    return run
  }

  async open(wanted: Wanted = {}): Promise<Run> {
    const plan = await planOf(await this.#config(wanted))
    const { clock, link, log, disk } = this
    const { holdDeleted: maxBytes, isStateLost = false } = wanted
    const spool =
      maxBytes === undefined ? {} : { spool: { stateDir: join(this.folder, 'state'), maxBytes, isStateLost } }
    const start = { plan, stored: link.stored(), hostId: 'host', hostName: 'host', shard: '0', ...spool }
    const onAgents = (report: AgentReport): unknown => this.agents.push(report)
    const onRows = (tail: number, rows: TailRows): unknown => this.shown.push([tail, rows])
    const run = new Run(new Shard(start, { link, clock, log, disk, onAgents, onRows }), clock)
    onTestFinished(() => run.stop(0).then(() => undefined))
    await run.shard.open()
    return run
  }

  /** Lets a shard go on with another configuration, as a reload does. Returns how long that took, in its time. */
  async change(run: Run, wanted: Wanted): Promise<number> {
    const plan = await planOf(await this.#config(wanted))
    const began = this.clock.monotonic()
    const { shard } = run
    let isDone = false
    const changed = shard
      .change(plan)
      .then(() => shard.follow(this.link.stored()))
      .finally(() => (isDone = true))
    await run.until('the shard has changed', () => isDone)
    await changed
    return this.clock.monotonic() - began
  }

  /** Messages that the server has, in the order in which they came, for one data stream namespace. */
  messages(namespace = 'default'): string[] {
    const documents = this.server.documents().filter(({ stream }) => stream.endsWith(`-${namespace}`))
    return documents.map(({ source }) => (JSON.parse(source) as { message: string }).message)
  }

  async #config({ outputs = { es: '' }, input = '', inputs = {}, more = '' }: Wanted): Promise<Config> {
    const path = join(this.folder, 'config.yaml')
    const named = Object.entries(outputs).map(([name, own]) => {
      const endpoint = own.includes('endpoints:') ? '' : `endpoints: ["${this.server.url}"], `
      return `  ${name}: { type: elasticsearch, retry: { min: 100ms, max: 1s }, ${endpoint}${own} }\n`
    })
    const paths = input.includes('paths:') ? '' : 'paths: ["*.log"], '
    const others = Object.entries(inputs).map(
      ([name, own]) => `  ${name}: { ${own.includes('type:') ? '' : 'type: file, '}${own} }\n`
    )
    writeFileSync(
      path,
      `version: 1\ncollector: { state_dir: state }\n` +
        `inputs:\n  logs: { type: file, ${paths}${input} }\n${others.join('')}` +
        `outputs:\n${named.join('')}${more}`
    )
    const loaded = await loadConfig([path], { env: {}, components })
    if ('config' in loaded) return loaded.config
    throw new Error(loaded.problems.map(formatProblem).join('\n'))
  }
}

/** One life of a shard. */
export class Run {
  readonly shard: Shard
  readonly #clock: FakeClock
  #stopping: Promise<number> | undefined

  constructor(shard: Shard, clock: FakeClock) {
    this.shard = shard
    this.#clock = clock
  }

  /** Lets time pass until something is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const end = performance.now() + patienceMs
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`Still not so: ${what}`)
      await this.#step(stepMs)
    }
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) await this.#step(Math.min(stepMs, left))
  }

  /** Until an output has read so many rows, and all of them have ended. */
  async settled(rows: number, output = 'default/es'): Promise<void> {
    const isSettled = (): boolean => {
      const ledgers = this.ledgers(output).map(({ ledger }) => ledger)
      const read = ledgers.reduce((sum, ledger) => sum + ledger.read, 0)
      return read === rows && ledgers.every(ledger => pendingRows(ledger) === 0)
    }
    await this.until(`${rows} rows are settled at ${output}`, isSettled)
  }

  /** Accounts of one output, by the names of the sources. */
  ledgers(output = 'default/es'): LedgerRow[] {
    return this.shard.ledgers().filter(row => row.output === output)
  }

  sample(name: string, ...labels: string[]): number | undefined {
    const isIt = (one: { name: string; labels: readonly string[] }): boolean =>
      one.name === name && one.labels.join() === labels.join()
    return this.shard.samples().find(isIt)?.value
  }

  /** Drains; resolves with the rows that stay behind. */
  stop(withinMs = 5000): Promise<number> {
    this.#stopping ??= this.#stop(withinMs)
    return this.#stopping
  }

  async #stop(withinMs: number): Promise<number> {
    let behind: number | undefined
    const drained = this.shard.drain(withinMs).then(rows => (behind = rows))
    await this.until('the shard has drained', () => behind !== undefined)
    return drained
  }

  async #step(ms: number): Promise<void> {
    await this.#clock.advance(ms)
    // sockets and file events need real time
    await delay(1)
  }
}

function rowOf(row: number): string {
  return `{"timestamp":"2026-01-01T00:00:00Z","level":"info","service_name":"agent","message":"row ${row}"}`
}

/** `row <from>` to `row <to - 1>`. */
export function rows(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `row ${from + i}`)
}
