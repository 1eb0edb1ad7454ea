import { join } from 'node:path'
import { readMessage } from './line.ts'
import { Journal, linesOf } from './journal.ts'
import { Scraper } from './scraper.ts'
import { type Scenario, Trial } from './trial.ts'
import { messageIn } from './verdict.ts'

const lines = { quick: 6000, short: 150_000, long: 1_000_000 }
const files = 4
/** Of each journal, one line in so many is refused for ever. */
const poisonEvery = 50
const items = { p429: 0.1, p503: 0.05 }
const requests = { 'cut-after': 0.05, 'cut-before': 0.05, '413': 0.02, 'non-json': 0.03 }
/** Parts of the requests that have to be sent again, and of the rows in the others: no client can do with less. */
const failing = Object.values(requests).reduce((sum, odds) => sum + odds, 0)
const refused = items.p429 + items.p503

/** Every kind of answer to bulk requests, again and again. */
export const bulkChaos: Scenario = {
  id: 'T34',
  name: 'bulk chaos',
  run({ size, seed }) {
    const output = `batch: { max_bytes: 1MiB }, max_in_flight_bytes: 8MiB, retry: { min: 20ms, max: 500ms }`
    return Trial.run(seed, { site: { output }, fake: { items, requests } }, async trial => {
      const { site, store, broken, notes } = trial
      store.store.judge = source => {
        const line = readMessage(messageIn(source))
        if (line === undefined || line.seq % poisonEvery !== 0) return undefined
        return { status: 400, type: 'document_parsing_exception', reason: '[1:1] failed to parse field' }
      }
      const journals = Array.from({ length: files }, (_, index) => new Journal(site.logs, `c${index}`))
      for (const journal of journals) await journal.fill(lines[size] / files)
      const letters = files * Math.ceil(lines[size] / files / poisonEvery)
      site.start()
      const scraper = new Scraper(join(site.state, 'control.sock'))
      await trial.stored(lines[size] - letters)
      await scraper.stop()
      broken.push(...scraper.broken.slice(0, 3))
      if (scraper.scrapes < 5) broken.push(`only ${scraper.scrapes} scrapes were answered`)
      // In rows: how many of them a request has depends on who else takes the processor.
      const needed = lines[size] / (1 - failing) / (1 - refused)
      const ratio = store.stats.bulkRows / needed
      trial.faults = Math.round(store.stats.bulkRequests * failing)
      const verdict = await trial.verdict({
        journals: linesOf(journals),
        letters
      })
      notes.push(`${scraper.scrapes} scrapes, each with every row in it`)
      notes.push(`${store.stats.bulkRequests} requests; ${ratio.toFixed(2)} x the rows that the faults make necessary`)
      if (size !== 'quick' && ratio > 1.35) broken.push(`${ratio.toFixed(2)} times the rows that had to be sent`)
      return verdict
    })
  }
}
