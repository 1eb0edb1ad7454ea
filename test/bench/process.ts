import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { memoryOf } from '../fakes/memory.ts'

/** CPU seconds and memory of a process so far; the time of its threads in ns, since a tick of 10 ms is much for W13. */
export function usage(pid: number): { cpuSeconds: number; peakMiB: number } {
  return { cpuSeconds: cpuNs(pid) / 1e9, peakMiB: memoryOf(pid).peak }
}

/** The threads of node live as long as the process does: none of them takes its time with it. */
function cpuNs(pid: number): number {
  let sum = 0
  for (const thread of readdirSync(`/proc/${pid}/task`))
    sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return sum
}

/** A child process pinned to one core, whose lines on stdout can be waited for. */
export class Pinned {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  #lines: string[] = []
  #waiting: (() => void) | undefined

  constructor(core: number, command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn('taskset', ['-c', String(core), ...command], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', process.env['BENCH_VERBOSE'] ? 'inherit' : 'ignore']
    })
    this.exited = new Promise(resolve => {
      this.child.once('exit', code => {
        resolve(code)
        this.#waiting?.()
      })
    })
    createInterface({ input: this.child.stdout! }).on('line', line => {
      this.#lines.push(line)
      this.#waiting?.()
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  /** The rest of the first line that begins with `word`. Throws after `withinMs`, or when the process ends without it. */
  async line(word: string, withinMs: number): Promise<string> {
    const end = performance.now() + withinMs
    for (;;) {
      const line = this.#lines.find(one => one.startsWith(word))
      if (line !== undefined) return line.slice(word.length).trim()
      if (this.child.exitCode !== null)
        throw new Error(`The process ended with ${this.child.exitCode} before "${word}"`)
      const left = end - performance.now()
      if (left <= 0) throw new Error(`No "${word}" within ${withinMs} ms`)
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, left)
        this.#waiting = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    return this.exited
  }
}
