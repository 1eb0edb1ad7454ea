import net, { isIP } from 'node:net'
import { QueryFault, type Text } from './syntax.ts'

/** What may be an address in a text: each is asked for by itself, so it need not be exact. */
const candidates = /\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]+/g

/** IP addresses: one, a range, or a network. */
export class Addresses {
  readonly #list = new net.BlockList()

  constructor({ value, at }: Text) {
    try {
      this.#add(value.trim())
    } catch {
      throw new QueryFault(
        `Cannot read "${value}": write an address, a range as 10.0.0.1-10.0.0.9, or a network as 10.0.0.0/8`,
        at
      )
    }
  }

  /** Whether one of them stands anywhere in a text. */
  standIn(text: string): boolean {
    for (const [candidate] of text.matchAll(candidates)) {
      const bare = candidate.endsWith('::') ? candidate : withoutEnd(candidate)
      const version = isIP(bare)
      if (version !== 0 && this.#list.check(bare, familyOf(version))) return true
    }
    return false
  }

  #add(text: string): void {
    const [first, last] = text.split('-')
    const [network, prefix] = text.split('/')
    if (last !== undefined) this.#list.addRange(first!.trim(), last.trim(), familyOf(isIP(first!.trim())))
    else if (prefix !== undefined) this.#list.addSubnet(network!, prefixOf(prefix), familyOf(isIP(network!)))
    else this.#list.addAddress(text, familyOf(isIP(text)))
  }
}

/** Without the punctuation behind it. Not by a pattern: for a long row of colons that would take the square of its length. */
function withoutEnd(candidate: string): string {
  let end = candidate.length
  while (end > 0 && '.:'.includes(candidate[end - 1]!)) end--
  return candidate.slice(0, end)
}

function prefixOf(text: string): number {
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
}

function familyOf(version: number): 'ipv4' | 'ipv6' {
  if (version === 0) throw new Error('no address')
  return version === 4 ? 'ipv4' : 'ipv6'
}
