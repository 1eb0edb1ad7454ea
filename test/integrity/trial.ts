import { type LossReason, lossReasons } from '../../src/core/outcome.ts'
import { FakeElasticsearch, type FakeOptions } from '../fakes/elasticsearch.ts'
import { Dice } from './dice.ts'
import { totalOf } from './journal.ts'
import { lineOf } from './line.ts'
import { delay, Site, type SiteOptions } from './process.ts'
import { statusOf } from './status.ts'
import { type Expectation, type Gap, judge, judgeLedger, lostBytes, sumOf, type Verdict } from './verdict.ts'

/** `quick` runs with the unit tests, `short` in CI, `long` by night. */
export type Size = 'quick' | 'short' | 'long'

export interface Scale {
  readonly size: Size
  readonly seed: number
  /** How often scenarios that kill do so, instead of what their size says. */
  readonly kills?: number
  /** How long the soak of the long form takes. */
  readonly hours?: number
}

/** What may be missing. */
interface Losses {
  /** Why it has to be counted as lost, to the byte: `truncated_gap` if not given. */
  readonly reasons?: readonly LossReason[]
  /** Bytes that are missing, at least and at most. */
  readonly lostBytes?: readonly [least: number, most: number]
  /** What else may be counted: of lines that are no journal's. */
  readonly besides?: LossReason
}

export interface Scenario {
  readonly id: string
  /** The promise that it tests. */
  readonly name: string
  run(scale: Scale): Promise<Verdict>
}

/** A store, a site and a verdict in the making. */
export class Trial {
  readonly dice: Dice
  readonly store: FakeElasticsearch
  readonly site: Site
  readonly broken: string[] = []
  readonly notes: string[] = []
  faults = 0

  private constructor(store: FakeElasticsearch, site: Site, seed: number) {
    this.store = store
    this.site = site
    this.dice = new Dice(seed)
  }

  static async open(seed: number, options: { site?: SiteOptions; fake?: FakeOptions } = {}): Promise<Trial> {
    const store = await FakeElasticsearch.start({ seed, ...options.fake })
    return new Trial(store, new Site(store.url, options.site), seed)
  }

  /** Runs a scenario and cleans up behind it. */
  static async run(
    seed: number,
    options: { site?: SiteOptions; fake?: FakeOptions },
    body: (trial: Trial) => Promise<Verdict>
  ): Promise<Verdict> {
    const trial = await Trial.open(seed, options)
    try {
      return await body(trial)
    } catch (error) {
      throw new Error(`${String(error)}\n${trial.site.messages.slice(-2000)}`, { cause: error })
    } finally {
      await trial.site.remove()
      await trial.store.stop()
    }
  }

  /** SIGKILL, after so many ms. */
  async kill(afterMs: number): Promise<void> {
    await delay(afterMs)
    await this.site.end('SIGKILL')
    this.faults++
  }

  /** Waits until the store has so many documents. Gives up, and says so, when for so long none has come. */
  async stored(documents: number, { withoutMs = 180_000, store: { store } = this.store } = {}): Promise<void> {
    let count = -1
    let end = Infinity
    while (store.count() < documents && performance.now() < end) {
      if (store.count() > count) end = performance.now() + withoutMs
      count = store.count()
      await delay(10)
    }
    if (store.count() < documents) {
      this.broken.push(
        `The store has ${count} documents instead of ${documents}, and no more for ${withoutMs / 1000} s`
      )
    }
  }

  /** Waits until something has come and nothing comes any more. */
  async quiet(forMs = 4000, withinMs = 120_000): Promise<void> {
    const end = performance.now() + withinMs
    await this.stored(1, { withoutMs: withinMs })
    let count = 0
    // Not by the clock: judging another trial may stop this thread for seconds, and others the collector.
    for (let looks = 0; looks < forMs / 100 && performance.now() < end; looks++) {
      if (this.store.store.count() !== count || (await lagOf(this.site)) > 0) looks = 0
      count = this.store.store.count()
      await delay(100)
    }
  }

  /** Places of the rows among the dead letters. */
  async letters(): Promise<string[]> {
    const { letters } = JSON.parse(await this.site.verb('dlq', 'list', '--json', '--limit', '10000000')) as {
      letters: readonly { readonly source: string; readonly position: number }[]
    }
    return letters.map(({ source, position }) => `${source} ${position}`)
  }

  /** Every refused row has to stand among the dead letters once. Refusals that come last are decided on after 10 s. */
  async lettered(expected: number): Promise<void> {
    let places = await this.letters()
    for (
      const end = performance.now() + 60_000;
      places.length < expected && performance.now() < end;
      await delay(200)
    ) {
      places = await this.letters()
    }
    const different = new Set(places).size
    if (different !== places.length) this.broken.push(`${places.length - different} dead letters stand there twice`)
    if (different !== expected) this.broken.push(`${different} dead letters instead of ${expected}`)
  }

  /** Waits until the store has everything, stops the collector and judges. `read`: rows in the ledger, if not as many as lines. */
  async verdict(expected: Expectation & Losses & { readonly read?: number }): Promise<Verdict> {
    const lines = totalOf(expected.journals)
    const mayMiss = expected.gaps?.reduce((sum, { from, to }) => sum + to - from, 0) ?? 0
    await this.stored(lines - (expected.letters ?? 0) - mayMiss)
    if (expected.letters !== undefined) await this.lettered(expected.letters)
    await this.#end()
    if (expected.letters === undefined) await this.#noLetters()
    const { gone, ...count } = judge(this.store.store.documents(), expected)
    const json = await this.site.verb('ledger', '--json')
    this.#judgeGaps(gone, json, expected)
    return this.judged({ ...count, ledger: judgeLedger(json, expected.read ?? lines - gone.length) })
  }

  /** The same where some outputs, each with a store, have to have all lines, and each has an account of its own. */
  async verdictOfEach(
    stores: readonly FakeElasticsearch[],
    journals: Readonly<Record<string, number>>
  ): Promise<Verdict> {
    const lines = totalOf(journals)
    for (const store of stores) await this.stored(lines, { store })
    await this.#end()
    await this.#noLetters()
    const counts = stores.map(({ store }) => judge(store.documents(), { journals }))
    const ledger = judgeLedger(await this.site.verb('ledger', '--json'), lines * stores.length)
    return this.judged({ ...sumOf(counts), ledger })
  }

  /** What the store waits for may stand there before the last collector is up, and a signal that comes earlier just ends it. */
  async #end(): Promise<void> {
    if (this.site.isRunning) await this.site.ready()
    await this.site.end('SIGTERM')
    for (const name of this.site.orphans()) this.broken.push(`"${name}" stays in the state directory`)
  }

  async #noLetters(): Promise<void> {
    const letters = await this.letters()
    if (letters.length > 0) this.broken.push(`${letters.length} rows are among the dead letters`)
  }

  /** What is missing has to be counted. */
  #judgeGaps(gone: readonly Gap[], json: string, losses: Losses): void {
    const { reasons = ['truncated_gap'], lostBytes: [least, most] = [0, Infinity], besides } = losses
    const counted = reasons.reduce((sum, reason) => sum + lostBytes(json, reason), 0)
    for (const reason of lossReasons) {
      if (reasons.includes(reason) || reason === besides || lostBytes(json, reason) === 0) continue
      this.broken.push(`${lostBytes(json, reason)} bytes are counted as lost: ${reason}`)
    }
    const bytes = gone.reduce((sum, { file, from }) => sum + Buffer.byteLength(lineOf(file, from)) + 1, 0)
    if (counted !== bytes) this.broken.push(`${bytes} bytes are missing, ${counted} are counted`)
    if (bytes < least || bytes > most) this.broken.push(`${bytes} bytes are missing, not ${least} to ${most}`)
    if (bytes > 0) this.notes.push(`${gone.length} lines in gaps: ${bytes} bytes, ${counted} counted`)
  }

  judged(count: Omit<Verdict, 'faults' | 'broken' | 'notes'>): Verdict {
    const { faults, broken, notes } = this
    return { ...count, faults, broken, notes }
  }
}

/** Bytes that a collector knows of and has not delivered; none where it does not run. */
async function lagOf(site: Site): Promise<number> {
  const status = await statusOf(site)
  if (status === undefined) return site.isRunning ? Infinity : 0
  const sources = status.inputs.flatMap(input => input.sources)
  return sources.reduce((sum, { lagBytes }) => sum + lagBytes, 0)
}

/** Several verdicts as one. */
export function together(verdicts: readonly Verdict[]): Verdict {
  return {
    ...sumOf(verdicts),
    faults: verdicts.reduce((total, verdict) => total + verdict.faults, 0),
    ledger: verdicts.map(one => one.ledger).find(text => text !== '') ?? '',
    broken: verdicts.flatMap(one => one.broken),
    notes: [...new Set(verdicts.flatMap(one => one.notes))]
  }
}

/** Does `work` for all items, so many at a time: most of the time of a trial is waiting. */
export async function atOnce<T, R>(most: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all(Array.from({ length: most }, worker))
  return results
}
