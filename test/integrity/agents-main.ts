/**
 * Plays agents that log, as a process of its own: `agents-main.ts FOLDER BEAT_MS SKEW_MS…`, one for each skew of a clock. Each writes
 * a heartbeat at debug level and lines that prove themselves into a file of its own, `a0.log` and so on. Lines of standard input
 * tell what to do, and each is answered by a line: `silence a1`: no heartbeats any more; `resume a1`; `catch-up a1 3600`: an hour of
 * lines and heartbeats that are written only now. When it ends, it prints lines and silences as JSON.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Silence } from './episodes.ts'
import { Journal, linesOf } from './journal.ts'
import { messageOf } from './line.ts'

const [folder = '', beat = '200', ...skews] = process.argv.slice(2)
const beatMs = Number(beat)
const linesABeat = 4
const filler = 'so many words that nobody reads '.repeat(12)

class Agent {
  readonly name: string
  readonly journal: Journal
  readonly silences: Silence[] = []
  beats = 0
  isSilent = false
  #isMeant = false
  #lastBeatAt = Date.now()
  readonly #skewMs: number
  readonly #fd: number
  /** Of the next line. */
  #at = 0
  #level = 'info'

  constructor(name: string, skewMs: number) {
    this.name = name
    this.#skewMs = skewMs
    this.journal = new Journal(folder, name, (file, seq) => this.#row(this.#level, messageOf(file, seq, filler)))
    this.#fd = openSync(this.journal.path, 'a')
  }

  live(): void {
    this.#at = Date.now() + this.#skewMs
    this.journal.write(linesABeat)
    if (this.isSilent) return
    this.#noteSilence()
    this.#beat()
  }

  silence(): void {
    this.isSilent = true
    this.#isMeant = true
  }

  /** An error each second, and a heartbeat. */
  catchUp(seconds: number): void {
    this.#level = 'error'
    for (let ago = seconds; ago > 0; ago--) {
      this.#at = Date.now() - ago * 1000
      this.journal.write(1)
      this.#beat()
    }
    this.#level = 'info'
  }

  close(): void {
    this.#noteSilence()
    this.journal.close()
    closeSync(this.#fd)
  }

  #noteSilence(): void {
    const now = Date.now()
    const isMeant = this.#isMeant
    if (isMeant || now - this.#lastBeatAt > 2 * beatMs) {
      this.silences.push({ agent: this.name, from: this.#lastBeatAt, to: now, isMeant })
    }
    this.#isMeant = false
    this.#lastBeatAt = now
  }

  #beat(): void {
    this.beats++
    writeSync(this.#fd, `${this.#row('debug', 'heartbeat')}\n`)
  }

  #row(level: string, message: string): string {
    const timestamp = new Date(this.#at).toISOString()
    return JSON.stringify({ timestamp, level, service_name: 'mcp-agent', agent_id: this.name, message })
  }
}

const agents = skews.map((skew, index) => new Agent(`a${index}`, Number(skew)))
// nobody misses an agent that never was there
for (const agent of agents) agent.live()
const timer = setInterval(() => agents.forEach(agent => agent.live()), beatMs)

for await (const line of createInterface(process.stdin)) {
  const [verb, name, count] = line.split(' ')
  const agent = agents.find(one => one.name === name)!
  if (verb === 'silence') agent.silence()
  else if (verb === 'resume') agent.isSilent = false
  else agent.catchUp(Number(count))
  console.log('"done"')
}
clearInterval(timer)
for (const agent of agents) agent.close()
console.log(
  JSON.stringify({
    journals: linesOf(agents.map(({ journal }) => journal)),
    beats: agents.reduce((sum, { beats }) => sum + beats, 0),
    silences: agents.flatMap(({ silences }) => silences)
  })
)
