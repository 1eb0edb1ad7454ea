import { messageOf } from './errors.ts'

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

const untrustedCode = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY_LEAF|GET_ISSUER))/
/** Certificates are written by others, and may have any number of names. */
const mostNames = 300

/** What is wrong with a certificate or handshake and what to do, instead of the words of OpenSSL; empty where those have to do. */
function tlsText(code: string, cause: unknown): string {
  if (untrustedCode.test(code)) return `the certificate is not trusted (${code}): set "tls.ca_file"`
  if (code === 'CERT_HAS_EXPIRED') return `the certificate has expired (${code})`
  if (code === 'CERT_NOT_YET_VALID') return `the certificate is not valid yet (${code}): is the clock right?`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${namesText(cause)} (${code})`
  const isPlain = code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER'
  if (isPlain && /wrong[ _]version[ _]number/i.test(messageOf(cause)))
    return `the server does not speak TLS (${code}): should the address begin with "http://"?`
  return ''
}

function namesText(cause: unknown): string {
  const { host = '', cert } = cause as { host?: string; cert?: { subjectaltname?: string; subject?: { CN?: unknown } } }
  const names = cert?.subjectaltname ?? cert?.subject?.CN
  const own = typeof names === 'string' ? names.replace(/(DNS|IP Address):/g, '').slice(0, mostNames) : 'no name'
  return `the certificate is not for "${host}" but for "${own}"`
}

/** Whether an error is one of names or certificates, which no repetition mends. */
export function needsPerson(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || tlsCode.test(code)
}

/** `stood`: there was a connection. One that stands may still come to report that there is no way to the host, or no TLS. */
export function requestError(cause: unknown, origin: string, stood = false): RequestError {
  const code = codeOf(cause)
  const text = faultOf(cause)
  const isUnsent = !stood && (unsentCodes.has(code) || tlsCode.test(code))
  return new RequestError(`Cannot send to "${origin}": ${text}`, code, isUnsent, cause)
}

/** What has happened to a connection, in words. */
export function faultOf(cause: unknown): string {
  const code = codeOf(cause)
  return words[code] ?? (tlsText(code, cause) || messageOf(cause) || code)
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
