import { randomBytes } from 'node:crypto'
import { appendFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { type End, ends, type NamedLedger } from '../../src/core/outcome.ts'
import { lineOf, readMessage } from '../integrity/line.ts'
import { delay, Site } from '../integrity/process.ts'

/** Waits of an output are short in these tests: only their order matters here. */
const quickly = 'retry: { min: 100ms, max: 1s }'

export interface StageOptions {
  /** Of the server itself; queries go there. */
  readonly url: string
  /** Where the collector sends to, if not straight to the server. */
  readonly endpoint?: string
  /** More options of the output: `key: value, …`. */
  readonly output?: string
  /** Schema otel adds a suffix to the dataset. */
  readonly isOtel?: boolean
  /** Left out: a new one, which is deleted in the end. */
  readonly namespace?: string
}

/** A collector on some files, and the data stream of its own that it writes into. */
export class Stage {
  readonly client: Client
  readonly site: Site
  readonly stream: string
  readonly #isOwnStream: boolean

  constructor({ url, endpoint = url, output, isOtel, ...options }: StageOptions) {
    const namespace = options.namespace ?? `e2e${randomBytes(5).toString('hex')}`
    this.#isOwnStream = options.namespace === undefined
    this.client = new Client({ node: url, maxRetries: 0 })
    this.stream = `logs-mcp.agent${isOtel ? '.otel' : ''}-${namespace}`
    const own = `namespace: ${namespace}, ${quickly}`
    this.site = new Site(endpoint, { output: output === undefined ? own : `${own}, ${output}` })
  }

  /** Appends lines to a log file. */
  write(file: string, lines: readonly string[]): void {
    appendFileSync(join(this.site.logs, `${file}.log`), `${lines.join('\n')}\n`)
  }

  /** Appends the lines `[from, to)` of a journal; each proves itself. */
  writeJournal(file: string, from: number, to: number): void {
    const blockLines = 10_000
    for (let at = from; at < to; at += blockLines) {
      const length = Math.min(blockLines, to - at)
      const lines = Array.from({ length }, (_, i) => lineOf(file, at + i))
      this.write(file, lines)
    }
  }

  /** Documents that a search finds now. */
  async count(): Promise<number> {
    await this.client.indices.refresh({ index: this.stream, ignore_unavailable: true })
    return (await this.client.count({ index: this.stream, ignore_unavailable: true })).count
  }

  /** The backing index that takes new documents. */
  async writeIndex(): Promise<string> {
    const { data_streams: streams } = await this.client.indices.getDataStream({ name: this.stream })
    return streams[0]!.indices.at(-1).index_name
  }

  /** Waits until so many documents are there. */
  async holds(documents: number, withinMs = 120_000): Promise<void> {
    await this.eventually(`${documents} documents in ${this.stream}`, withinMs, async () => {
      const count = await this.count()
      return count >= documents ? undefined : String(count)
    })
  }

  /** Waits until the collector has read so many rows and each of them has ended. */
  async settles(rows: number, withinMs = 120_000): Promise<void> {
    await this.eventually(`${rows} rows settled`, withinMs, async () => {
      const { read, ...ended } = await this.ledger()
      const sum = Object.values(ended).reduce((total, count) => total + count, 0)
      return read === rows && sum === rows ? undefined : JSON.stringify({ read, ...ended })
    })
  }

  /** Waits until the collector says something. */
  async says(text: string | RegExp, withinMs = 120_000): Promise<void> {
    await this.eventually(`the collector says ${String(text)}`, withinMs, () => {
      const { messages } = this.site
      const isSaid = typeof text === 'string' ? messages.includes(text) : text.test(messages)
      return Promise.resolve(isSaid ? undefined : 'it does not')
    })
  }

  /** How often each line of a journal is in the data stream. */
  async journal(file: string, lines: number): Promise<JournalCounts> {
    const seen = new Uint8Array(lines)
    const result = { lost: 0, twice: 0, strange: 0 }
    const hits = this.client.helpers.scrollDocuments<{ message?: string; body?: { text: string } }>({
      index: this.stream,
      size: 5000,
      sort: '_doc',
      _source: ['message', 'body']
    })
    for await (const document of hits) {
      const line = readMessage(document.message ?? document.body?.text ?? '')
      if (line === undefined || line.seq >= lines) result.strange++
      else if (line.file === file && ++seen[line.seq]! > 1) result.twice++
    }
    for (const count of seen) if (count === 0) result.lost++
    return result
  }

  /** Stops the collector; its rows by how they ended. */
  async stop(): Promise<Record<End, number> & { read: number }> {
    await this.site.end('SIGTERM')
    return this.ledger()
  }

  async ledger(): Promise<Record<End, number> & { read: number }> {
    const { rows } = JSON.parse(await this.site.verb('ledger', '--json')) as Ledgers
    const sum = (one: (ledger: Ledgers['rows'][number]['ledger']) => number): number =>
      rows.reduce((total, { ledger }) => total + one(ledger), 0)
    const ended = ends.map(end => [end, sum(ledger => ledger[end])])
    return { read: sum(ledger => ledger.read), ...(Object.fromEntries(ended) as Record<End, number>) }
  }

  async letters(): Promise<readonly Letter[]> {
    return (JSON.parse(await this.site.verb('dlq', 'list', '--json')) as { letters: Letter[] }).letters
  }

  /** Forgets all that the collector knows, but not which machine this is. */
  forgetState(): void {
    for (const file of readdirSync(this.site.state)) {
      if (file !== 'host-id') rmSync(join(this.site.state, file), { recursive: true })
    }
  }

  /** Asks until the answer is undefined; throws with the last one. Who can't be asked yet is asked again. */
  async eventually(what: string, withinMs: number, missing: () => Promise<string | undefined>): Promise<void> {
    const end = performance.now() + withinMs
    for (;;) {
      const answer = await missing().catch((error: unknown) => String(error))
      if (answer === undefined) return
      if (performance.now() > end) {
        const said = this.site.messages.slice(-2000)
        throw new Error(`Not within ${withinMs / 1000} s: ${what}; ${answer}; the collector says: ${said}`)
      }
      await delay(200)
    }
  }

  async remove(): Promise<void> {
    await this.site.remove()
    if (this.#isOwnStream) await this.client.indices.deleteDataStream({ name: this.stream }).catch(() => {})
    await this.client.close()
  }
}

export interface JournalCounts {
  readonly lost: number
  readonly twice: number
  /** Documents that are none of its lines. */
  readonly strange: number
}
export const eachOnce: JournalCounts = { lost: 0, twice: 0, strange: 0 }

export interface Letter {
  readonly id: number
  readonly status: number
  readonly type: string
  readonly reason: string
}

interface Ledgers {
  readonly rows: readonly { readonly ledger: NamedLedger }[]
}
