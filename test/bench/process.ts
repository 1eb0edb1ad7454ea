import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const ticksPerSecond = 100

/** CPU seconds and memory of a process so far, from /proc. */
export function usage(pid: number): { cpuSeconds: number; peakMiB: number; rssMiB: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kiB = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    peakMiB: kiB('VmHWM') / 1024,
    rssMiB: kiB('VmRSS') / 1024
  }
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
