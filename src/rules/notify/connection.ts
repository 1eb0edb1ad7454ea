import type { ReceiverConfig } from '../../config/config.ts'
import { type Addresses, refusal, refusedCode } from '../../core/addresses.ts'
import { SendError } from '../../core/errors.ts'
import { basicAuthorization, HttpClient, type Reply, retryAfter } from '../../core/http-client.ts'
import { needsPerson, RequestError, requestError } from '../../core/request-error.ts'

const maxReply = 256 << 10
const maxReasonLength = 200

/** Posts to one receiver, at the address that the configuration names and nowhere else. */
export class Connection {
  readonly #url: URL
  readonly #http: HttpClient
  readonly #headers: Readonly<Record<string, string>>
  readonly #addresses: Addresses
  readonly #secrets: readonly string[]

  constructor(options: ReceiverConfig, addresses: Addresses) {
    this.#url = new URL(options.url)
    const { timeoutMs, tls } = options
    this.#http = new HttpClient(this.#url.origin, { connections: 1, timeoutMs, tls, lookup: addresses.lookup })
    this.#headers = { 'content-type': 'application/json', ...authorization(options, this.#url), ...options.headers }
    this.#addresses = addresses
    this.#secrets = secretsIn(this.#url)
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

  /** What a receiver says, without what the URL holds: for many of them it is the key. */
  withoutSecrets(text: string): string {
    return this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  }

  /** Tries once; resolves with a reply of status 2xx, or throws `SendError`. */
  async post(path: string, body: string | Uint8Array, signal: AbortSignal): Promise<Reply> {
    const reply = await this.#send(path, body, signal)
    if (reply.status >= 200 && reply.status < 300) return reply
    throw this.#ofStatus(reply)
  }

  close(): void {
    this.#http.close()
  }

  #ofStatus({ status, body, retryAfter: wait }: Reply): SendError {
    const said = reasonIn(this.withoutSecrets(body.toString()))
    const message = `Cannot send to "${this.origin}": status ${status}${adviceOn(status)}${said}`
    if (status === 429 || status >= 500 || status === 408 || status === 425)
      return new SendError(message, 'retry', { status, retryAfterMs: retryAfter(wait) })
    return new SendError(message, [400, 413, 422].includes(status) ? 'split' : 'pause', { status })
  }

  async #send(path: string, body: string | Uint8Array, signal: AbortSignal): Promise<Reply> {
    try {
      if (this.#addresses.refuses(this.#url.hostname)) throw requestError(refusal(this.#url.hostname), this.origin)
      return await this.#http.send({ method: 'POST', path, headers: this.#headers, body, maxReply, signal })
    } catch (error) {
      throw withoutReply(error)
    }
  }
}

const minSecretLength = 6

/** Values of the query, and parts of the path that are no plain words, the longest first. */
function secretsIn({ pathname, search, searchParams }: URL): string[] {
  const names = pathname.split('/').filter(part => !/^[a-z-]*$/.test(part))
  const parts = [pathname, search, ...names, ...searchParams.values()]
  return parts.filter(part => part.length >= minSecretLength).toSorted((a, b) => b.length - a.length)
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
