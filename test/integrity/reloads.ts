import { ask } from '../../src/cli/client.ts'
import type { CollectorStatus, Reload } from '../../src/pipeline/collector.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { totalOf } from './journal.ts'
import { delay } from './process.ts'
import { anotherWish, configOf, everything, mistakes, type Wish } from './reload-wishes.ts'
import { statusNow } from './status.ts'
import { type Scale, type Scenario, together, Trial } from './trial.ts'
import { judge, type Verdict } from './verdict.ts'

const reloads = { quick: 5, short: 30, long: 200 }
const bytesPerSecond = { quick: 600_000, short: 1_000_000, long: 2_500_000 }
/** Between two of them, ms; short ones come while the one before is under way. */
const pauses = { quick: 50, short: 150, long: 400 }
const faults = { '503': 0.05, '429': 0.05, 'cut-after': 0.05, 'cut-before': 0.02 }

const away = { '503': 1 }

/** Reload after reload under load, half of them of broken files; inputs and outputs with a backlog come, go and change, one output
 * takes nothing at all, and now and then the collector is killed in the middle. */
export const reloadStorm: Scenario = {
  id: 'T45',
  name: 'reload storm',
  run: scale =>
    Trial.run(scale.seed, { fake: { requests: faults, items: { p429: 0.05 } } }, async trial => {
      const second = await FakeElasticsearch.start({ seed: scale.seed + 1, requests: faults })
      // who never answers has to be given up, which takes a while
      const failing = await FakeElasticsearch.start({
        requests: scale.size === 'quick' ? away : { '503': 0.8, hang: 0.2 }
      })
      try {
        return await storm(trial, { scale, second, failing })
      } finally {
        await second.stop()
        await failing.stop()
      }
    })
}

interface Surroundings {
  readonly scale: Scale
  /** The store of the second output, and one that takes nothing. */
  readonly second: FakeElasticsearch
  readonly failing: FakeElasticsearch
}

async function storm(trial: Trial, { scale, second, failing }: Surroundings): Promise<Verdict> {
  const { size, kills = { quick: 1, short: 3, long: 20 }[size] } = scale
  const half = { files: 2, bytesPerSecond: bytesPerSecond[size] / 2, rotateEvery: 0 }
  const rotating = trial.site.writer({ ...half, rotateEvery: 4000, prefix: 'r' })
  const resting = trial.site.writer({ ...half, files: 4, prefix: 's' })
  const storm = new Storm(trial, { second: second.url, failing: failing.url })
  await storm.start()
  const killsEvery = Math.ceil((reloads[size] + 1) / (kills + 1))
  for (let reload = 1; reload <= reloads[size]; reload++) {
    if (reload % killsEvery === 0) await storm.kill()
    else await storm.reload()
    await delay(trial.dice.between(0, pauses[size]))
  }
  const [turning, still] = await Promise.all([rotating.stop(), resting.stop()])
  await storm.change(everything)
  for (const store of [trial.store, second]) store.options = { ...store.options, requests: {} }
  const journals = { ...turning, ...still }
  const stillRows = totalOf(still)
  await trial.stored(stillRows, { store: second })
  const verdict = await trial.verdict({ journals, read: totalOf(journals) + stillRows })
  const beside = judge(second.store.documents(), { journals: still })
  return together([verdict, { ...beside, faults: 0, ledger: '', broken: [], notes: storm.notes }])
}

class Storm {
  readonly #trial: Trial
  readonly #urls: { readonly second: string; readonly failing: string }
  #wish = everything
  #status: CollectorStatus | undefined
  readonly #durations: number[] = []
  readonly #counts = { changed: 0, unchanged: 0, refused: 0 }

  constructor(trial: Trial, urls: { second: string; failing: string }) {
    this.#trial = trial
    this.#urls = urls
  }

  get notes(): string[] {
    const sorted = this.#durations.toSorted((a, b) => a - b)
    const { changed, unchanged, refused } = this.#counts
    const of = (part: number): string => `${sorted[Math.floor(sorted.length * part)] ?? 0} ms`
    return [
      `${changed} reloads changed something, ${unchanged} nothing, ${refused} were refused`,
      `a change took ${of(0.5)} in the middle, ${of(0.9)} at the 90th percentile, at most ${sorted.at(-1) ?? 0} ms`
    ]
  }

  async start(): Promise<void> {
    const { site } = this.#trial
    site.configure(this.#configOf(this.#wish))
    site.start()
    await site.ready()
    this.#status = await statusNow(this.#trial.site)
  }

  /** Half of them have mistakes. */
  async reload(): Promise<void> {
    const { dice } = this.#trial
    if (dice.next() < 0.5) await this.#refused()
    else await this.change(anotherWish(this.#wish, dice))
  }

  /** SIGKILL while something changes. */
  async kill(): Promise<void> {
    const { dice, site } = this.#trial
    this.#wish = anotherWish(this.#wish, dice)
    site.configure(this.#configOf(this.#wish))
    const reload = this.#askReload().catch(() => undefined)
    await this.#trial.kill(dice.between(0, 120))
    await reload
    await this.start()
  }

  async change(wish: Wish): Promise<void> {
    const { site, store, dice, broken } = this.#trial
    this.#wish = wish
    site.configure(this.#configOf(wish))
    // Some reloads meet an output that takes nothing, and rows that wait for it.
    store.options = { ...store.options, requests: dice.next() < 0.4 ? away : faults }
    // They come at once, too: then the later ones have nothing to do.
    const asked = Array.from({ length: dice.next() < 0.2 ? 3 : 1 }, () => this.#askReload())
    const answers = await Promise.all(asked)
    this.#trial.faults++
    // Whichever of them came first.
    const reload = answers.find(answer => answer.result !== 'unchanged') ?? answers[0]!
    const { result, durationMs, problems } = reload
    if (result !== 'changed' && result !== 'unchanged') {
      broken.push(`A reload was ${result}: ${JSON.stringify(problems)}`)
      return
    }
    if (answers.some(other => other !== reload && other.result !== 'unchanged'))
      broken.push('A second reload of the same was not unchanged')
    this.#counts[result]++
    if (result === 'changed') this.#durations.push(durationMs)
    await this.#compare(reload)
  }

  async #refused(): Promise<void> {
    const { site, dice, broken } = this.#trial
    const before = this.#status!
    site.configure(dice.one(mistakes)(this.#configOf(anotherWish(this.#wish, dice))))
    this.#trial.faults++
    let reload: Reload | undefined
    if (dice.next() < 0.5) reload = await this.#askReload()
    else reload = await this.#signalled(before)
    if (reload?.result !== 'refused' || reload.problems.length === 0) {
      broken.push(`A broken file was ${reload?.result ?? 'not reloaded'}`)
      return
    }
    this.#counts.refused++
    await this.#compare(reload)
    if (JSON.stringify(this.#status!.lastReload?.problems) !== JSON.stringify(reload.problems)) {
      broken.push('The status does not tell why a reload was refused')
    }
  }

  /** SIGHUP has no answer: the status tells what has become of it. */
  async #signalled({ lastReload: before }: CollectorStatus): Promise<Reload | undefined> {
    this.#trial.site.collector!.kill('SIGHUP')
    for (const end = performance.now() + 30_000; performance.now() < end; await delay(20)) {
      const { lastReload } = await statusNow(this.#trial.site)
      if (lastReload?.by === 'SIGHUP' && lastReload.at !== before?.at) return lastReload
    }
    return undefined
  }

  /** What a reload does not name was not begun anew. */
  async #compare({ changes }: Reload): Promise<void> {
    const before = startsOf(this.#status!)
    this.#status = await statusNow(this.#trial.site)
    const fresh = [changes.inputs, changes.outputs].flatMap(({ added, changed }) => [...added, ...changed])
    for (const [name, startedAt] of startsOf(this.#status)) {
      const former = before.get(name)
      if (fresh.includes(name) === (former === startedAt)) {
        this.#trial.broken.push(`"${name}" began at ${startedAt}, before the reload at ${former}`)
      }
    }
  }

  #configOf(wish: Wish): string {
    const { site, store } = this.#trial
    return configOf(wish, { logs: site.logs, es: store.url, ...this.#urls })
  }

  async #askReload(): Promise<Reload> {
    const question = { method: 'POST', path: '/api/v1/reload', accept: [422, 500] } as const
    const answer = await ask<Reload>(this.#trial.site.state, question)
    if (answer === undefined) throw new Error('The collector does not answer')
    return answer
  }
}

function startsOf({ inputs, outputs }: CollectorStatus): Map<string, number> {
  return new Map([...inputs, ...outputs].map(({ name, startedAt }) => [name, startedAt]))
}
