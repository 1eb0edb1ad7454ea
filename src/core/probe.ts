import type { TlsConfig } from './tls-files.ts'

/** What was found out about something that a configuration names. */
export interface Finding {
  /** What was looked at, in a word or two: `name`, `connection`. */
  readonly what: string
  readonly state: 'ok' | 'warning' | 'failed'
  /** In words, with what to do. Holds no secret. */
  readonly text: string
}

/** A server that an output sends to, to be asked without sending any row. */
export interface ServerProbe {
  readonly url: string
  readonly tls: TlsConfig
  /** Requests go by `HTTPS_PROXY` and `HTTP_PROXY`. */
  readonly isProxied: boolean
  /** What it says of itself and of us. Throws where it says nothing; its message holds no secret. */
  ask(signal: AbortSignal): Promise<ServerAnswer>
}

export interface ServerAnswer {
  readonly findings: readonly Finding[]
  /** The header `Date`; undefined: the server does not tell the time. */
  readonly date?: string | undefined
}
