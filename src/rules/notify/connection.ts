import type { ReceiverConfig } from '../../config/config.ts'
import { type Addresses, refusal, refusedCode } from '../../core/addresses.ts'
import { SendError } from '../../core/errors.ts'
import { basicAuthorization, HttpClient, type Reply, retryAfter } from '../../core/http-client.ts'
import { needsPerson, RequestError, requestError } from '../../core/request-error.ts'
import { secretsIn, secretsOf, withoutSecrets } from './secrets.ts'

const maxReply = 256 << 10
/** Alerts are repeated as often: who asks for more time would not hear of them. */
const maxWaitMs = 60_000
const maxReasonLength = 200

/** What is posted. */
export interface Posting {
  /** With its query. */
  readonly path: string
  readonly body: string | Uint8Array
  /** What nobody may see of the body. */
  readonly secrets?: readonly string[]
}

/** Posts to one receiver, at the address that the configuration names and nowhere else. */
export class Connection {
  readonly #url: URL
  readonly #http: HttpClient
  readonly #headers: Readonly<Record<string, string>>
  readonly #addresses: Addresses
  readonly #secrets: readonly string[]

  constructor(options: ReceiverConfig, addresses: Addresses, headers: Readonly<Record<string, string>> = {}) {
    this.#url = new URL(options.url)
    const { timeoutMs, tls } = options
    this.#http = new HttpClient(this.#url.origin, { connections: 1, timeoutMs, tls, lookup: addresses.lookup })
    const own = { 'content-type': 'application/json', ...headers }
    this.#headers = { ...own, ...authorization(options, this.#url), ...options.headers }
    this.#addresses = addresses
    this.#secrets = secretsOf(options)
  }

  /** Where it goes, without user, password and query. */
  get shown(): string {
    return this.#url.origin + this.path
  }

  /** Of the URL, without a slash at the end. */
  get path(): string {
    return this.#url.pathname.replace(/\/$/, '')
  }

  get origin(): string {
    return this.#url.origin
  }

  /** Path and query of the URL as they are, and more of a query. */
  target(query: Readonly<Record<string, string>> = {}): string {
    const more = new URLSearchParams(query).toString()
    const { pathname, search } = this.#url
    return pathname + (more === '' ? search : `${search}${search === '' ? '?' : '&'}${more}`)
  }

  /** What a receiver says to a posting, without what is secret: of many of them the URL is the key. */
  withoutSecrets(text: string, { path, secrets = [] }: Posting): string {
    return withoutSecrets(text, [...this.#secrets, ...secretsIn(new URL(this.origin + path)), ...secrets])
  }

  /** Tries once; resolves with a reply of status 2xx, or throws `SendError`. */
  async post(posting: Posting, signal: AbortSignal): Promise<Reply> {
    const reply = await this.#send(posting, signal)
    if (reply.status >= 200 && reply.status < 300) return reply
    throw this.#ofStatus(reply, posting)
  }

  close(): void {
    this.#http.close()
  }

  #ofStatus({ status, body, retryAfter: wait }: Reply, posting: Posting): SendError {
    const said = reasonIn(this.withoutSecrets(body.toString(), posting))
    const message = `Cannot send to "${this.origin}": status ${status}${adviceOn(status)}${said}`
    if (status === 429 || status >= 500 || status === 408 || status === 425) {
      const askedMs = retryAfter(wait)
      const retryAfterMs = askedMs === undefined ? undefined : Math.min(askedMs, maxWaitMs)
      return new SendError(message, 'retry', { status, retryAfterMs })
    }
    return new SendError(message, [400, 413, 422].includes(status) ? 'split' : 'pause', { status })
  }

  async #send({ path, body }: Posting, signal: AbortSignal): Promise<Reply> {
    try {
      if (this.#addresses.refuses(this.#url.hostname)) throw requestError(refusal(this.#url.hostname), this.origin)
      return await this.#http.send({ method: 'POST', path, headers: this.#headers, body, maxReply, signal })
    } catch (error) {
      throw withoutReply(error)
    }
  }
}

/** A token wins over user and password, those over what stands in the URL. */
function authorization({ token, user, password }: ReceiverConfig, url: URL): Record<string, string> {
  if (token !== '') return { authorization: `Bearer ${token}` }
  if (user !== '') return { authorization: basicAuthorization(user, password) }
  if (url.username === '') return {}
  return { authorization: basicAuthorization(decodeURIComponent(url.username), decodeURIComponent(url.password)) }
}

function withoutReply(error: unknown): SendError {
  if (!(error instanceof RequestError)) return new SendError(String(error), 'retry', { cause: error })
  if (error.code === refusedCode) {
    const message = `${error.message}: name it in "rules.network.allow" if it is meant`
    return new SendError(message, 'pause', { cause: error })
  }
  return new SendError(error.message, needsPerson(error.code) ? 'pause' : 'retry', {
    unknown: !error.isUnsent,
    cause: error
  })
}

function adviceOn(status: number): string {
  if (status >= 300 && status < 400) return ', and redirects are not followed: name the final address'
  if (status === 401 || status === 403) return ': check "user" and "password", or "token"'
  return status === 404 ? ': check the path' : ''
}

/** What the receiver says, in one line. */
function reasonIn(body: string): string {
  const text = body.replaceAll(/\s+/g, ' ').trim()
  return text === '' || text.startsWith('<') ? '' : ` (${text.slice(0, maxReasonLength)})`
}
