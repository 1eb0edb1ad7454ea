import { lookup, type LookupAddress } from 'node:dns'
import net, { isIP, type LookupFunction } from 'node:net'

/** Where clouds tell a machine its secrets, and the rest of what no router passes on. */
const linkLocal = [
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192'
]
const privateNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::',
  '::1',
  'fc00::/7'
]

/** Finds all addresses of a name. */
type Resolve = (
  name: string,
  options: Parameters<LookupFunction>[1] & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void
) => void

export interface AddressRules {
  /** Addresses and networks that are reached whatever else is said. */
  readonly allow: readonly string[]
  /** Those that are not; `private` stands for all that are not of the public Internet. */
  readonly deny: readonly string[]
}

/**
 * Which addresses may be connected to. Link-local ones are refused unless they are allowed. What counts is the address that a name
 * stands for at the moment of connecting, so that a name can not be pointed elsewhere afterwards.
 */
export class Addresses {
  readonly #allowed: net.BlockList
  readonly #denied: net.BlockList
  readonly #resolve: Resolve

  /** Throws for what is no network. */
  constructor({ allow, deny }: AddressRules, resolve: Resolve = lookup) {
    this.#allowed = listOf(allow)
    const denied = [...linkLocal, ...deny.flatMap(one => (one === 'private' ? privateNetworks : [one]))]
    this.#denied = listOf(denied.flatMap(one => [one, ...translated(one)]))
    this.#resolve = resolve
  }

  /** Whether this is an address, and one that is refused. Names are judged by `lookup`. */
  refuses(host: string): boolean {
    const bare = host.replace(/^\[|\]$/g, '')
    const family = isIP(bare)
    if (family === 0) return false
    const type = family === 4 ? 'ipv4' : 'ipv6'
    return this.#denied.check(bare, type) && !this.#allowed.check(bare, type)
  }

  /** For connecting: like the system's, without refused addresses. */
  readonly lookup: LookupFunction = (name, options, callback) => {
    this.#resolve(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, [])
      const usable = found.filter(({ address }) => !this.refuses(address))
      const [first] = usable
      if (first === undefined) return callback(refusal(found.map(({ address }) => address).join(', ')), [])
      if (options.all === true) callback(null, usable)
      else callback(null, first.address, first.family)
    })
  }
}

export const refusedCode = 'ERR_ADDRESS_REFUSED'

/** The error of a connection that was not made. */
export function refusal(address: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`the address ${address} is refused`), { code: refusedCode })
}

/** Whether it is an address, or a network as `10.0.0.0/8`. */
export function isNetwork(text: string): boolean {
  const { address, prefix } = partsOf(text)
  const family = isIP(address)
  return family !== 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits(family)))
}

function listOf(networks: readonly string[]): net.BlockList {
  const list = new net.BlockList()
  for (const network of networks) {
    if (!isNetwork(network)) throw new Error(`Cannot use "${network}" as an address or network`)
    const { address, prefix } = partsOf(network)
    const family = isIP(address)
    list.addSubnet(address, prefix === undefined ? bits(family) : Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** The forms in which an IPv4 network stands for an IPv6 one that leads there: by NAT64 (RFC 6052), 6to4 (RFC 3056) and SIIT (RFC 2765). */
function translated(network: string): string[] {
  const { address, prefix = '32' } = partsOf(network)
  if (isIP(address) !== 4) return []
  const bytes = address.split('.').map(part => Number(part).toString(16).padStart(2, '0'))
  const groups = `${bytes[0]}${bytes[1]}:${bytes[2]}${bytes[3]}`
  const behind = (bits: number): number => bits + Number(prefix)
  return [`64:ff9b::${groups}/${behind(96)}`, `2002:${groups}::/${behind(16)}`, `::ffff:0:${groups}/${behind(96)}`]
}

function partsOf(network: string): { readonly address: string; readonly prefix: string | undefined } {
  const slash = network.indexOf('/')
  return slash < 0
    ? { address: network, prefix: undefined }
    : { address: network.slice(0, slash), prefix: network.slice(slash + 1) }
}

function bits(family: number): number {
  return family === 4 ? 32 : 128
}
