import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { balances, scraped } from '../fakes/balance.ts'
import { delay } from './process.ts'

/** Scrapes a collector over and over, and compares: each row that was read has ended, waits, or is lost, at every moment. */
export class Scraper {
  scrapes = 0
  /** What did not add up, a sentence each. */
  readonly broken: string[] = []
  readonly #socketPath: string
  readonly #done: Promise<void>
  #isStopped = false

  constructor(socketPath: string) {
    this.#socketPath = socketPath
    this.#done = this.#watch()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#done
  }

  async #watch(): Promise<void> {
    for (; !this.#isStopped; await delay(20)) {
      const page = await ask(this.#socketPath, '/metrics').catch(() => '')
      const sums = Object.entries(balances(scraped(page)))
      // Not before it listens, and not while its one shard is too busy to answer in time.
      if (sums.length > 0) this.scrapes++
      for (const [output, sum] of sums)
        if (sum !== 0) this.broken.push(`${output}: ${sum} rows are nowhere in a scrape`)
    }
  }
}

/** What a collector answers on its control.sock. */
export function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, headers: { connection: 'close' }, timeout: 5000 }, response => {
      text(response).then(resolve, reject)
    }).on('error', reject)
  })
}
