import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'

/** What a field of a row can become. */
export const Role = { none: 0, time: 1, level: 2, service: 3, trace: 4, span: 5, agent: 6, body: 7 } as const
export const roles = 8
/** Candidates of a role: bits of a number. */
export const ranks = 32

/** Names in the order in which they are asked; nested ones by dots. */
export const builtIn = {
  time: ['@timestamp', 'timestamp', 'time', 'ts', 't', 'date', 'datetime', 'eventTime', 'asctime', '@t', 'Timestamp'],
  level: [
    'level',
    'severity',
    'lvl',
    'loglevel',
    'log.level',
    'levelname',
    'priority',
    'logLevel',
    '@l',
    'Level',
    'severity_text',
    'SeverityText'
  ],
  service: [
    'service_name',
    'service.name',
    'service',
    'app',
    'application',
    'serviceName',
    'ServiceName',
    'otelServiceName',
    'svc'
  ],
  trace: ['trace_id', 'traceId', 'trace.id', 'otelTraceID', 'dd.trace_id', 'traceparent', 'traceID', 'TraceId'],
  span: ['span_id', 'spanId', 'span.id', 'otelSpanID', 'dd.span_id', 'spanID', 'SpanId'],
  agent: ['agent_id', 'agent.id', 'agentId'],
  body: ['message', 'msg', 'body', 'log', '@m', 'event', 'Message', 'Body']
} as const

export type CandidateLists = { readonly [R in keyof typeof builtIn]: readonly string[] }

/** A field whose new names up to this number are all taken keeps its own. */
const maxNumber = 9

/** Most names of a list: they are bits of a number. */
const maxRanks = 31

/** Fields that get another name where they stay attributes; `textOnly` for names that often hold something else. */
export const renames: readonly { readonly from: string; readonly to: string; readonly textOnly: boolean }[] = [
  { from: 'event', to: 'event.action', textOnly: true },
  { from: 'user_id', to: 'user.id', textOnly: false },
  { from: 'error_code', to: 'error.code', textOnly: false },
  { from: 'error', to: 'error.message', textOnly: true },
  { from: 'stack', to: 'error.stack_trace', textOnly: true },
  { from: 'error.stack', to: 'error.stack_trace', textOnly: true },
  { from: 'agent_role', to: 'agent.role', textOnly: false }
]

/**
 * What the names of fields mean, by key id: `role << 5 | rank`, and `(1 + number of the rename) << 8`. 0 means nothing.
 */
export class Candidates {
  meaning = new Uint16Array(1024)
  /** How ranks of a role read their values: see `isSyslog` and so on. */
  readonly syslogRanks: number
  readonly datadogTraceRanks: number
  readonly datadogSpanRanks: number
  readonly traceparentRanks: number
  readonly #keys: Keys
  readonly #meanings = new Map<string, number>()
  #generation = -1
  #known = 0
  #targets: number[] = []

  constructor(keys: Keys, extra: Partial<CandidateLists>) {
    this.#keys = keys
    const lists = {} as Record<keyof typeof builtIn, readonly string[]>
    for (const role of Object.keys(builtIn) as (keyof typeof builtIn)[]) {
      lists[role] = [...new Set([...(extra[role] ?? []), ...builtIn[role]])].slice(0, maxRanks)
      for (const [rank, name] of lists[role].entries()) {
        if (!this.#meanings.has(name)) this.#meanings.set(name, (Role[role] << 5) | rank)
      }
    }
    for (const [index, { from }] of renames.entries()) {
      this.#meanings.set(from, (this.#meanings.get(from) ?? 0) | ((index + 1) << 8))
    }
    this.syslogRanks = ranksOf(lists.level, /(^|[._])(severity|priority)$/i)
    this.datadogTraceRanks = ranksOf(lists.trace, /^dd[._]/)
    this.datadogSpanRanks = ranksOf(lists.span, /^dd[._]/)
    this.traceparentRanks = ranksOf(lists.trace, /traceparent$/i)
  }

  /** Of the ids that `meaning` is about. */
  get generation(): number {
    return this.#generation
  }

  /** To be called before each batch: learns the names that have come since. */
  refresh(): void {
    const { names, generation } = this.#keys
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#targets = renames.map(({ to }) => this.#keys.add(to))
      this.#known = 0
    }
    if (names.length > this.meaning.length) {
      const larger = new Uint16Array(names.length * 2)
      larger.set(this.meaning)
      this.meaning = larger
    }
    for (let id = this.#known; id < names.length; id++) this.meaning[id] = this.#meanings.get(names[id]!) ?? 0
    this.#known = names.length
  }

  /** The key id that a rename, counted from 1, gives a field of the row: one that no other field has, so perhaps numbered. -1 where
   * those are taken too. */
  target(rename: number, batch: Batch, row: number): number {
    const key = this.#targets[rename - 1]!
    if (!hasKey(batch, row, key)) return key
    for (let number = 2; number <= maxNumber; number++) {
      const numbered = this.#keys.add(`${this.#keys.names[key]!}_${number}`)
      if (!hasKey(batch, row, numbered)) return numbered
    }
    return -1
  }

  isTextOnly(rename: number): boolean {
    return renames[rename - 1]!.textOnly
  }
}

/** The ranks of names that match, as bits. */
function ranksOf(names: readonly string[], pattern: RegExp): number {
  let bits = 0
  for (const [rank, name] of names.entries()) if (pattern.test(name)) bits |= 1 << rank
  return bits
}

function hasKey(batch: Batch, row: number, key: number): boolean {
  for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
    if (batch.fieldKey[field] === key) return true
  }
  return false
}
