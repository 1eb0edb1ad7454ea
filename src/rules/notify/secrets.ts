import type { ReceiverConfig } from '../../config/config.ts'
import { basicAuthorization } from '../../core/http-client.ts'

/** What is shorter is no key, and stands in any text. */
const minLength = 4

/** Everything in the options of a receiver by which others could write to it. */
export function secretsOf({ url, user, password, token, headers }: ReceiverConfig): string[] {
  const address = new URL(url)
  const [name, word] = [decoded(address.username), decoded(address.password)]
  const basic = [basicAuthorization(user, password), basicAuthorization(name, word)].map(text => text.slice(6))
  return [...secretsIn(address), name, word, user, password, token, ...Object.values(headers), ...basic]
}

/** Path, query, values of the query, and parts of the path that are no plain words. */
export function secretsIn({ pathname, search, searchParams }: URL): string[] {
  const parts = pathname.split('/').filter(part => !/^[a-z-]{0,12}$/.test(part))
  return [pathname, search, ...parts].map(decoded).concat(...searchParams.values())
}

/** The text with `…` for each of the secrets, as they are or escaped as URLs, JSON and HTML do. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const long = secrets.filter(secret => secret.length >= minLength).toSorted((a, b) => b.length - a.length)
  return long.length === 0 ? text : text.replace(new RegExp(long.map(patternOf).join('|'), 'gi'), '…')
}

function patternOf(secret: string): string {
  return Array.from(secret, char => (/[a-z0-9]/i.test(char) ? char : `(?:${escapesOf(char).join('|')})`)).join('')
}

/** How a character may be written: `&` also as `%26`, twice encoded `%2526`, `\u0026`, `\&`, `&#38;` and `&amp;`. */
function escapesOf(char: string): string[] {
  const bytes = Array.from(Buffer.from(char), byte => `%(?:25)*${byte.toString(16).padStart(2, '0')}`).join('')
  const units = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i).toString(16).padStart(4, '0'))
  const [plain, json] = ['\\u', '\\\\u'].map(escape => units.map(unit => escape + unit).join(''))
  const point = char.codePointAt(0)!
  const html = [`&#0*${point};`, `&#x0*${point.toString(16)};`, ...(char === '&' ? ['&amp;'] : [])]
  return [bytes, json!, ...html, `\\\\?${plain}`, ...(char === ' ' ? ['\\+'] : [])]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
