import { messageOf } from '../../core/errors.ts'

/** A request that had no answer. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: string
  /** No byte of the request can have reached a server. */
  readonly isUnsent: boolean

  constructor(message: string, code: string, isUnsent: boolean, cause: unknown) {
    super(message, { cause })
    this.code = code
    this.isUnsent = isUnsent
  }
}

const unsentCodes = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_CONNECT_TIMEOUT'
])
/** Certificates and handshakes. */
const tlsCode = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/

/** What people call it. The system's own words for `localhost` are empty, as it stands for two addresses. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused, nothing listens there',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name can not be looked up now',
  EHOSTUNREACH: 'no way to this host',
  ENETUNREACH: 'no way to this network'
}

/** Whether an error is one of names or certificates, which no repetition mends. */
export function needsPerson(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || tlsCode.test(code)
}

export function requestError(cause: unknown, origin: string): RequestError {
  const code = codeOf(cause)
  const text = words[code] ?? (messageOf(cause) || code)
  const isUnsent = unsentCodes.has(code) || tlsCode.test(code)
  return new RequestError(`Cannot send to "${origin}": ${text}`, code, isUnsent, cause)
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
