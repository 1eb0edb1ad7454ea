import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { ownMs } from './waits.ts'

const root = resolve(import.meta.dirname, '../..')
const bin = join(root, 'bin/mcp-collector.js')

export const delay = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

/** Waits until `done` is true; throws after `withinMs`. */
export async function until(what: string, withinMs: number, done: () => boolean): Promise<void> {
  const end = performance.now() + withinMs
  while (!done()) {
    if (performance.now() > end) throw new Error(`Not within ${withinMs / 1000} s: ${what}`)
    await delay(10)
  }
}

export interface SiteOptions {
  /** Options of the input and the output, as YAML: `partial_timeout: 1s, scan_interval: 200ms`. */
  readonly input?: string
  readonly output?: string
  /** More outputs by name: their options as YAML. */
  readonly outputs?: Readonly<Record<string, string>>
  /** `file` if not given. */
  readonly type?: 'file' | 'containers'
  /** More inputs: options by name, for files that lie in the folder of logs. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly drain?: string
  /** Files that are followed, `*.log` if not given. */
  readonly glob?: string
  /** Options of the collector, as YAML: `hold_deleted: 8MiB`. */
  readonly collector?: string
  /** More sections of the configuration, as YAML. */
  readonly sections?: string
  /** Files that a collector may have open. */
  readonly openFiles?: number
  /** Of every collector. */
  readonly env?: NodeJS.ProcessEnv
}

/** A steady writer in a process of its own. */
export interface Writer {
  /** Stops it; lines by journal. */
  stop(): Promise<Record<string, number>>
}

/** A process that writes into the folder of logs, and is told what to do in lines. */
export interface Play {
  /** Returns once it has done so. */
  tell(line: string): Promise<void>
  /** Stops it; what it says in the end. */
  stop(): Promise<unknown>
}

/** A folder for logs, state and configuration of one scenario, and the collector that runs on it. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'mcp-collector-integrity-'))
  readonly logs = join(this.folder, 'logs')
  readonly state = join(this.folder, 'state')
  readonly #config = join(this.folder, 'config.yaml')
  readonly #processes = new Set<ChildProcess>()
  readonly #options: SiteOptions
  collector: ChildProcess | undefined
  /** What the last collector wrote to stderr, the end of it. */
  messages = ''
  /** Whether the last collector has said that it is up. */
  #isUp = false
  /** It has ended, and all that it said has come. */
  #closed: Promise<unknown> = Promise.resolve()

  constructor(endpoint: string, options: SiteOptions = {}) {
    mkdirSync(this.logs)
    this.#options = options
    this.pointTo(endpoint)
  }

  /** The next collector sends there. */
  pointTo(endpoint: string): void {
    const {
      input,
      output,
      outputs = {},
      collector,
      drain = '5s',
      glob = '*.log',
      type = 'file',
      inputs = {},
      sections = ''
    } = this.#options
    const others = Object.entries(outputs).map(([name, own]) => `  ${name}: { type: elasticsearch, ${own} }\n`)
    const more = Object.entries(inputs).map(
      ([name, options]) => `  ${name}: { type: file, paths: ["${this.logs}/${name}.log"], ${options} }\n`
    )
    const text = `version: 1
collector: { drain_timeout: ${drain}${collector === undefined ? '' : `, ${collector}`} }
inputs:
  journal: { type: ${type}, paths: ["${this.logs}/${glob}"]${input === undefined ? '' : `, ${input}`} }
${more.join('')}outputs:
  es: { type: elasticsearch, endpoints: ["${endpoint}"]${output === undefined ? '' : `, ${output}`} }
${others.join('')}server: { listen: "127.0.0.1:0" }
${sections}`
    this.configure(text)
  }

  /** What the next collector is configured with, and this one once it reloads. */
  configure(text: string): void {
    writeFileSync(this.#config, text)
  }

  /** Starts a collector. It is up once `ready` says so, but scenarios that kill do not wait. */
  start(env: NodeJS.ProcessEnv = {}): void {
    this.messages = ''
    this.#isUp = false
    const how = { env: { ...this.#options.env, ...env }, out: 'ignore' } as const
    const { openFiles = 0 } = this.#options
    const words = [bin, 'run', this.#config, '--state-dir', this.state]
    const collector = this.#spawn(words, { ...how, openFiles })
    this.collector = collector
    this.#closed = new Promise(done => collector.once('close', done))
    collector.stderr!.on('data', (text: Buffer) => {
      // The last words of the one before may come late.
      if (this.collector !== collector) return
      this.messages += text.toString()
      this.#isUp ||= this.messages.includes('"Started"')
      this.messages = this.messages.slice(-200_000)
    })
  }

  /** Starts another collector on the same state directory and waits for its end. */
  async second(): Promise<{ readonly code: number | null; readonly err: string; readonly ms: number }> {
    const child = this.#spawn([bin, 'run', this.#config, '--state-dir', this.state], { env: {}, out: 'ignore' })
    let err = ''
    child.stderr!.on('data', (text: Buffer) => (err += text.toString()))
    const closed = new Promise<number | null>(done => child.once('close', done))
    const ms = await ownMs(child.pid!, closed)
    return { code: await closed, err, ms }
  }

  /** Deleted files that the collector has open, which keeps their disk space from everybody else. */
  get deletedOpen(): number {
    const folder = `/proc/${this.collector?.pid}/fd`
    const target = (fd: string): string => {
      try {
        return readlinkSync(join(folder, fd))
      } catch {
        return ''
      }
    }
    return readdirSync(folder).filter(fd => target(fd).startsWith(this.logs) && target(fd).endsWith(' (deleted)'))
      .length
  }

  get isRunning(): boolean {
    const { collector } = this
    return collector !== undefined && collector.exitCode === null && collector.signalCode === null
  }

  async ready(): Promise<void> {
    await until('the collector has started', 120_000, () => this.#isUp || !this.isRunning)
    if (this.isRunning) return
    await this.#closed
    throw new Error(`The collector ended: ${this.messages}`)
  }

  /** Sends a signal and waits for the end, and for the last words; returns how long the end took, as `ownMs` has it. */
  async end(signal: NodeJS.Signals): Promise<number> {
    const { collector } = this
    if (collector === undefined || !this.isRunning) return 0
    const exited = new Promise(done => collector.once('exit', done))
    collector.kill(signal)
    const ms = await ownMs(collector.pid!, exited)
    await this.#closed
    return ms
  }

  /** Runs a verb on the state directory and returns what it printed. */
  async verb(...words: string[]): Promise<string> {
    const args = [bin, ...words, '--state-dir', this.state]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 28 })
    return stdout
  }

  /** Writes `files` journals until it is stopped: `j0.log` and so on, where no other prefix is given. */
  writer(options: { files: number; bytesPerSecond: number; rotateEvery: number; prefix?: string }): Writer {
    const { files, bytesPerSecond, rotateEvery, prefix = 'j' } = options
    const play = this.play('journal-main.ts', [files, bytesPerSecond, rotateEvery, prefix])
    return { stop: async () => (await play.stop()) as Record<string, number> }
  }

  /** Runs a program of this folder, which gets the folder of logs and these words. It answers each line that it is told, and has
   * the last word when its standard input ends: each a line of JSON. */
  play(program: string, words: readonly (string | number)[]): Play {
    const main = join(import.meta.dirname, program)
    const child = this.#spawn([main, this.logs, ...words.map(String)], { env: {}, out: 'pipe' })
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
    const ended = new Promise<number | null>(done => child.once('close', done))
    const answer = async (): Promise<unknown> => {
      const { done, value } = await lines.next()
      if (done) throw new Error(`"${program}" ended with ${await ended}`)
      return JSON.parse(value)
    }
    return {
      tell: async line => {
        child.stdin!.write(`${line}\n`)
        await answer()
      },
      stop: async () => {
        child.stdin!.end()
        const last = await answer()
        await ended
        return last
      }
    }
  }

  /** Files in the state directory that are none of a stopped collector's own. */
  orphans(): string[] {
    const own = /^(?:(?:state|backup|letters|lock)\.db|host-id|spool)$|\.bad-/
    return readdirSync(this.state, { recursive: true, encoding: 'utf8' }).filter(name => !own.test(name))
  }

  async remove(): Promise<void> {
    for (const child of this.#processes) {
      const exited = new Promise(done => child.once('exit', done))
      child.kill('SIGKILL')
      await exited
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(
    words: readonly string[],
    how: { env: NodeJS.ProcessEnv; out: 'ignore' | 'pipe'; openFiles?: number }
  ): ChildProcess {
    const env = { ...process.env, ...how.env }
    const limit = how.openFiles ?? 0
    const limited = ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, ...words]
    const [program, args] = limit > 0 ? ['sh', limited] : [process.execPath, words]
    const child = spawn(program, args, { env, stdio: ['pipe', how.out, 'pipe'] })
    this.#processes.add(child)
    child.once('exit', () => this.#processes.delete(child))
    return child
  }
}
