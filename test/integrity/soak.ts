import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { RequestOdds } from '../fakes/elasticsearch.ts'
import { memoryOf } from '../fakes/memory.ts'
import { collectGarbage } from './inspector.ts'
import { Journal, linesOf, totalOf } from './journal.ts'
import { delay, until } from './process.ts'
import { type Scale, type Scenario, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

const mebibyte = 1024 * 1024
/** The store keeps all documents in memory. */
const mostLines = 1_000_000
const steadyJournals = 4
const linesANewFile = 5
const tickMs = 100
/** The first outage already takes all memory that an output may have for rows that wait. What grows after that is a leak. */
const output = 'batch: { max_bytes: 512KiB }, max_in_flight_bytes: 2MiB'
/** Of a rotated journal. */
const keptFiles = 5
const mostSlope = 2 * mebibyte
const mostStateBytes = 10 * mebibyte
/** Handles of deleted files are kept a while. */
const restMs = 60_000

/** What happens how often, ms. */
interface Pace {
  readonly lengthMs: number
  readonly rotateMs: number
  readonly newFileMs: number
  readonly outageEveryMs: number
  readonly outageMs: number
  readonly sampleMs: number
}

const quick: Pace = {
  lengthMs: 3000,
  rotateMs: 1000,
  newFileMs: 100,
  outageEveryMs: 2000,
  outageMs: 300,
  sampleMs: 2000
}
const short: Pace = { ...quick, lengthMs: 15_000, rotateMs: 4000, outageEveryMs: 5000, outageMs: 1000 }
const long: Pace = {
  lengthMs: 3_600_000,
  rotateMs: 60_000,
  newFileMs: 1000,
  outageEveryMs: 300_000,
  outageMs: 20_000,
  sampleMs: 20_000
}

function paceOf({ size, hours }: Scale): Pace {
  if (hours !== undefined && size === 'long') return { ...long, lengthMs: hours * 3_600_000 }
  return { quick, short, long }[size]
}

/** Hours of everyday life: rotation each minute, files that come and go, an output that is away now and then. Nothing may grow. */
export const soak: Scenario = {
  id: 'T47',
  name: 'soak: memory, handles and state do not grow',
  run: scale => {
    const site = { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' }, output }
    return Trial.run(scale.seed, { site }, trial => new Soak(trial, paceOf(scale)).run(scale.size !== 'quick'))
  }
}

class Soak {
  readonly #trial: Trial
  readonly #pace: Pace
  readonly #steady: readonly Journal[]
  /** Files that are deleted in their turn, and those that were: lines by journal. */
  readonly #passing: Journal[] = []
  readonly #lines: Record<string, number> = {}
  /** Hours and bytes. */
  readonly #memory: (readonly [at: number, bytes: number])[] = []
  #written = 0
  /** Of the collector's inspector. */
  #url = ''

  constructor(trial: Trial, pace: Pace) {
    this.#trial = trial
    this.#pace = pace
    this.#steady = Array.from({ length: steadyJournals }, (_, n) => new Journal(trial.site.logs, `steady${n}`))
  }

  async run(doesRest: boolean): Promise<Verdict> {
    const { site, broken, notes } = this.#trial
    for (const journal of this.#steady) journal.write(1)
    site.start()
    await site.ready()
    // The program begins anew once, with flags of its own.
    this.#url = [...site.messages.matchAll(/ws:\/\/\S+/g)].at(-1)?.[0] ?? ''
    if (this.#url === '') throw new Error('The collector has no inspector')
    await this.#trial.stored(steadyJournals)
    const handles = this.#handles
    const most = await this.#live()
    await this.#trial.stored(totalOf(this.#journals))
    for (const journal of this.#passing.splice(0)) this.#drop(journal)
    if (doesRest) {
      const atRest = (): boolean => this.#handles <= handles + 5
      await until('', restMs, atRest).catch(() => broken.push(`${this.#handles} open files, ${handles} at the start`))
    }
    this.#judgeMemory()
    notes.push(`open files ${handles} at the start, at most ${most}, ${this.#handles} at the end`)
    const state = bytesIn(site.state)
    notes.push(`state ${inMebibytes(state)}`)
    if (state > mostStateBytes) broken.push(`the state takes ${inMebibytes(state)}`)
    return this.#trial.verdict({ journals: this.#journals })
  }

  get #journals(): Record<string, number> {
    return { ...this.#lines, ...linesOf(this.#steady) }
  }

  get #handles(): number {
    return readdirSync(`/proc/${this.#trial.site.collector!.pid}/fd`).length
  }

  /** Everyday life. Returns how many files were open at most. */
  async #live(): Promise<number> {
    const { lengthMs, rotateMs, newFileMs, outageEveryMs, outageMs, sampleMs } = this.#pace
    const began = performance.now()
    const counts = { rotated: 0, created: 0, outages: 0, sampled: 0 }
    let most = 0
    for (let now = 0; now < lengthMs; now = performance.now() - began) {
      this.#write(now)
      if (now >= (counts.rotated + 1) * rotateMs) this.#rotate(++counts.rotated)
      if (now >= (counts.created + 1) * newFileMs) this.#create(++counts.created)
      if (now >= (counts.outages + 1) * outageEveryMs - outageMs) this.#fail(++counts.outages)
      if (now % outageEveryMs < outageEveryMs - outageMs) this.#answer({})
      if (now >= counts.sampled * sampleMs) {
        counts.sampled++
        most = Math.max(most, this.#handles)
        await this.#sample(now / 3_600_000)
      }
      await delay(tickMs)
    }
    this.#answer({})
    return most
  }

  #write(now: number): void {
    const { lengthMs } = this.#pace
    const due = Math.min(300, mostLines / (lengthMs / 1000)) * (now / 1000)
    for (; this.#written < due; this.#written += 4) this.#steady[(this.#written / 4) % steadyJournals]!.write(4)
  }

  #rotate(count: number): void {
    for (const journal of this.#steady) {
      journal.rotate()
      if (count > keptFiles) rmSync(`${journal.path}.${keptFiles + 1}`)
    }
    this.#trial.faults++
  }

  /** A new file; the oldest one goes a minute, or a rotation, after it came. */
  #create(count: number): void {
    const { rotateMs, newFileMs } = this.#pace
    const journal = new Journal(this.#trial.site.logs, `passing${count}`)
    journal.write(linesANewFile)
    this.#passing.push(journal)
    this.#lines[journal.name] = linesANewFile
    if (this.#passing.length > (2 * rotateMs) / newFileMs) this.#drop(this.#passing.shift()!)
  }

  #drop(journal: Journal): void {
    journal.close()
    rmSync(journal.path)
  }

  #fail(count: number): void {
    this.#answer(count % 2 === 0 ? { '503': 1 } : { 'cut-before': 1 })
    this.#trial.faults++
  }

  #answer(requests: RequestOdds): void {
    const { store } = this.#trial
    store.options = { ...store.options, requests }
  }

  async #sample(hour: number): Promise<void> {
    const { site } = this.#trial
    await collectGarbage(this.#url)
    this.#memory.push([hour, memoryOf(site.collector!.pid!).anonymous * mebibyte])
  }

  /** Memory after a forced collection, without the first third of the time: what an outage needs is kept for the next one. */
  #judgeMemory(): void {
    const { notes, broken } = this.#trial
    const hours = this.#pace.lengthMs / 3_600_000
    const samples = this.#memory.filter(([at]) => at >= hours / 3)
    const slope = slopeOf(samples)
    const course = this.#memory.filter((_, index, all) => index % Math.ceil(all.length / 12) === 0)
    notes.push(`memory ${course.map(([, value]) => inMebibytes(value)).join(', ')}`)
    if (hours < 0.9) return
    notes.push(`memory grows by ${inMebibytes(slope)} an hour`)
    if (slope > mostSlope) broken.push(`memory grows by ${inMebibytes(slope)} an hour`)
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** Of the line through the points with the least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const x = mean(([at]) => at)
  const y = mean(([, value]) => value)
  return mean(([at, value]) => (at - x) * (value - y)) / mean(([at]) => (at - x) ** 2)
}

const inMebibytes = (bytes: number): string => `${(bytes / mebibyte).toFixed(1)} MiB`
