import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../..')
const bin = join(root, 'bin/mcp-collector.js')

export const delay = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

/** Waits until `done` is true; throws after `withinMs`. */
export async function until(what: string, withinMs: number, done: () => boolean): Promise<void> {
  const end = performance.now() + withinMs
  while (!done()) {
    if (performance.now() > end) throw new Error(`Not within ${withinMs / 1000} s: ${what}`)
    await delay(20)
  }
}

/** A folder for logs, state and configuration of one scenario, and the collector that runs on it. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'mcp-collector-integrity-'))
  readonly logs = join(this.folder, 'logs')
  readonly state = join(this.folder, 'state')
  readonly #config = join(this.folder, 'config.yaml')
  readonly #processes = new Set<ChildProcess>()
  collector: ChildProcess | undefined
  /** What collectors wrote to stderr, the end of it. */
  messages = ''

  constructor(endpoint: string, options: { input?: string; output?: string; drain?: string } = {}) {
    mkdirSync(this.logs)
    writeFileSync(
      this.#config,
      `version: 1
collector: { drain_timeout: ${options.drain ?? '5s'} }
inputs:
  journal: { type: file, paths: ["${this.logs}/*.log"]${options.input === undefined ? '' : `, ${options.input}`} }
outputs:
  es: { type: elasticsearch, endpoints: ["${endpoint}"]${options.output === undefined ? '' : `, ${options.output}`} }
server: { listen: "127.0.0.1:0" }
`
    )
  }

  /** Starts a collector. It is up once `ready` says so, but scenarios that kill do not wait. */
  start(env: NodeJS.ProcessEnv = {}): void {
    this.collector = this.spawn([bin, 'run', this.#config, '--state-dir', this.state], env)
    this.collector.stderr!.on('data', (text: Buffer) => {
      this.messages = (this.messages + text.toString()).slice(-20_000)
    })
  }

  async ready(): Promise<void> {
    const from = this.messages.length
    await until('the collector has started', 30_000, () => this.messages.slice(Math.min(from, 0)).includes('"Started"'))
  }

  spawn(words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#processes.add(child)
    child.once('exit', () => this.#processes.delete(child))
    return child
  }

  /** Sends a signal and waits for the end; returns how long it took in ms. */
  async end(signal: NodeJS.Signals): Promise<number> {
    const { collector } = this
    if (collector === undefined || collector.exitCode !== null || collector.signalCode !== null) return 0
    const began = performance.now()
    const exited = new Promise(done => collector.once('exit', done))
    collector.kill(signal)
    await exited
    return performance.now() - began
  }

  /** Runs a verb on the state directory and returns what it printed. */
  async verb(...words: string[]): Promise<string> {
    const args = [bin, ...words, '--state-dir', this.state]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 })
    return stdout
  }

  /** A writer of journals; resolves when all lines are written. */
  journal(options: { files: number; lines: number; bytesPerSecond: number; rotateEvery?: number }): Promise<void> {
    const { files, lines, bytesPerSecond, rotateEvery = 0 } = options
    const words = [files, lines, bytesPerSecond, rotateEvery].map(String)
    const child = this.spawn([join(import.meta.dirname, 'journal.ts'), this.logs, ...words])
    return new Promise((done, fail) => {
      child.once('exit', code => (code === 0 ? done() : fail(new Error(`The journal ended with ${code}`))))
    })
  }

  async remove(): Promise<void> {
    for (const child of this.#processes) {
      const exited = new Promise(done => child.once('exit', done))
      child.kill('SIGKILL')
      await exited
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
