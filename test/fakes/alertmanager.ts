import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** An alert as it was posted. */
export interface Posted {
  /** When it came, epoch ms, as the other times. */
  readonly at: number
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: number
  readonly endsAt: number
}

/** Remembers what is posted to the API v2 of an Alertmanager, and what it would show. */
export class FakeAlertmanager {
  readonly posted: Posted[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(): Promise<FakeAlertmanager> {
    const one = new FakeAlertmanager()
    await new Promise<void>(done => one.#server.listen(0, '127.0.0.1', done))
    return one
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Whether an alert of this name and agent is active now. */
  isActive(alertname: string, agent: string): boolean {
    const last = this.posted.findLast(({ labels }) => {
      return labels['alertname'] === alertname && labels['agent_id'] === agent
    })
    return last !== undefined && last.endsAt > Date.now()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(done => this.#server.close(done))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isOurs = request.method === 'POST' && request.url === '/api/v2/alerts'
    // a collector that is killed in the middle of a request tells nothing
    const alerts = isOurs ? await json(request).catch(() => undefined) : undefined
    if (alerts !== undefined) this.#take(alerts as readonly PostedText[])
    response.writeHead(alerts === undefined ? 400 : 200).end()
  }

  #take(alerts: readonly PostedText[]): void {
    const at = Date.now()
    for (const { labels, startsAt, endsAt } of alerts) {
      this.posted.push({ at, labels, startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt) })
    }
  }
}

interface PostedText {
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
}
