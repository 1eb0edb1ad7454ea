import {
  accessLine,
  agentLine,
  checkoutLine,
  paymentFailure,
  paymentLine,
  type Request,
  stockFailure,
  stockLine
} from './lines.ts'

export interface FleetParts {
  /** Epoch ms when it begins. */
  readonly startedAt: number
  /** Lines a second, on average. */
  readonly rate: number
  /** From 0 up to 1. */
  readonly random: () => number
  /** Appends to a log. */
  readonly write: (log: string, text: string) => void
}

const agents = ['agent-1', 'agent-2', 'agent-3'] as const
type Agent = (typeof agents)[number]
const heartbeatMs = 5000
const linesOfOrder = 5
const shareOfTracebacks = 0.05
/** What has not been written for so long never is: the machine was asleep. */
const mostBehindMs = 60_000

/** What happens, from these seconds on, and again in each round. Rules that come with the program tell of all of it. */
export const story = {
  roundMs: 240_000,
  /** The token of agent-2 has expired. */
  refused: { agent: 'agent-2', at: 10_000 },
  /** agent-3 hangs. */
  silent: { agent: 'agent-3', from: 15_000, to: 130_000 },
  /** The database of payments is away. */
  outage: { from: 60_000, to: 90_000 }
} as const

interface Actor {
  /** Epoch ms. */
  due: number
  /** Does what is due, and says in how many ms it acts again. */
  act(at: number): number
}

/** Three agents that order from a shop, and the four services of the shop. It writes what is due when it is asked to, by the time that it is told. */
export class Fleet {
  readonly #parts: FleetParts
  readonly #actors: readonly Actor[]
  #orders = 1000

  constructor(parts: FleetParts) {
    this.#parts = parts
    const { startedAt } = parts
    for (const agent of agents) {
      this.#say(agent, startedAt, 'info', { message: 'Agent started', event: 'agent_started', agent_version: '1.4.2' })
      this.#say(agent, startedAt, 'info', { message: 'Connected to MCP server', event: 'connected' })
    }
    this.#actors = [
      ...agents.map((agent, i) => ({ due: startedAt + i * 700, act: (at: number) => this.#beat(agent, at) })),
      { due: startedAt + story.refused.at, act: at => this.#refuse(at) },
      { due: startedAt + story.silent.to, act: at => this.#return(at) },
      { due: startedAt, act: at => this.#order(at) }
    ]
  }

  /** Writes all that happens up to then. */
  advance(now: number): void {
    for (const actor of this.#actors) {
      actor.due = Math.max(actor.due, now - mostBehindMs)
      while (actor.due <= now) actor.due += actor.act(actor.due)
    }
  }

  #beat(agent: Agent, at: number): number {
    const cpu = 20 + Math.round(this.#parts.random() * 30)
    const fields = { cpu_percent: cpu, heap_percent: 40 + Math.round(cpu / 3) }
    if (!this.#isSilent(agent, at))
      this.#say(agent, at, 'info', { message: 'heartbeat', event: 'heartbeat', ...fields })
    return heartbeatMs
  }

  #refuse(at: number): number {
    const what = { event: 'auth_failure', error_code: 'token_expired', action_taken: 'renew_token' }
    this.#say(story.refused.agent, at, 'error', { message: 'MCP server refused the token', ...what })
    this.#say(story.refused.agent, at + 900, 'info', { message: 'Connected to MCP server', event: 'connected' })
    return story.roundMs
  }

  #return(at: number): number {
    this.#say(story.silent.agent, at, 'warn', {
      message: 'Event loop was blocked',
      blocked_ms: story.silent.to - story.silent.from
    })
    this.#say(story.silent.agent, at, 'info', { message: 'Connected to MCP server', event: 'connected' })
    return story.roundMs
  }

  /** An agent orders, and each service on the way says so, with the same trace id. */
  #order(at: number): number {
    const { write, random, rate } = this.#parts
    const request = this.#request(at)
    const { traceId, tookMs } = request
    const isPaid = !isWithin(this.#inRound(at), story.outage)
    const able = agents.filter(agent => !this.#isSilent(agent, at))
    const agent = able[Math.floor(random() * able.length)]!
    if (random() < shareOfTracebacks) write('inventory.log', stockFailure(request))
    write('inventory.log', stockLine(request))
    write('payments.log', isPaid ? paymentLine(request) : paymentFailure(request))
    write('checkout.log', checkoutLine(request, isPaid))
    write('gateway.log', accessLine(request, isPaid ? 201 : 502, 10 + agents.indexOf(agent)))
    const outcome = { message: isPaid ? 'Ordered' : 'Cannot order: status 502', success: isPaid }
    this.#say(agent, at + tookMs, isPaid ? 'info' : 'error', {
      ...outcome,
      trace_id: traceId,
      response_time_ms: tookMs
    })
    return (-Math.log(1 - random()) * linesOfOrder * 1000) / rate
  }

  #request(at: number): Request {
    const { random } = this.#parts
    const items = 1 + Math.floor(random() * 4)
    const traceId = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')
    const tookMs = 40 + Math.round(random() * 160)
    return { at, traceId, order: String(++this.#orders), items, total: (items * 19.9).toFixed(2), tookMs }
  }

  #isSilent(agent: Agent, at: number): boolean {
    return agent === story.silent.agent && isWithin(this.#inRound(at), story.silent)
  }

  #inRound(at: number): number {
    return (at - this.#parts.startedAt) % story.roundMs
  }

  #say(agent: Agent, at: number, level: string, fields: Readonly<Record<string, unknown>>): void {
    this.#parts.write(`${agent}.log`, agentLine(Math.round(at), agent, level, fields))
  }
}

function isWithin(at: number, { from, to }: { readonly from: number; readonly to: number }): boolean {
  return at >= from && at < to
}
