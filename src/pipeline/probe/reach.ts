import { once } from 'node:events'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { lookup as systemLookup } from 'node:dns'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { Finding } from '../../core/probe.ts'
import { faultOf } from '../../core/request-error.ts'
import { type TlsConfig, TlsFiles } from '../../core/tls-files.ts'

/** Certificates that end sooner are warned of. */
const soonMs = 14 * 86_400_000
const mostIssuers = 10
const mostNames = 5

export interface Server {
  readonly url: string
  readonly tls: TlsConfig
  /** Left out: the system's. */
  readonly lookup?: LookupFunction
  /** Ends what takes too long. */
  readonly signal: AbortSignal
}

/** Looks a server up, connects and shakes hands, and says how each went; nothing is asked. What fails ends it. */
export async function reach({ url, tls, lookup = systemLookup, signal }: Server): Promise<Finding[]> {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const findings: Finding[] = []
  let what = 'name'
  let socket: Socket | undefined
  try {
    if (isIP(host) === 0) findings.push({ what, state: 'ok', text: await addressesOf(host, lookup, signal) })
    what = 'connection'
    socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80), lookup })
    await once(socket, 'connect', { signal })
    findings.push({ what, state: 'ok', text: `${socket.remoteAddress ?? host} takes connections` })
    what = 'certificate'
    if (protocol === 'https:') findings.push(...(await handshake(socket, host, { tls, signal })))
  } catch (error) {
    findings.push({ what, state: 'failed', text: signal.aborted ? 'no answer in time' : faultOf(error) })
  } finally {
    socket?.on('error', () => undefined).destroy()
  }
  return findings
}

async function addressesOf(host: string, lookup: LookupFunction, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const giveUp = (): void => reject(new Error('no answer in time'))
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  lookup(host, { all: true }, (error, found) => {
    if (error !== null) return reject(error)
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found]
    resolve(`${host} is ${[...new Set(addresses)].slice(0, mostNames).join(', ')}`)
  })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

interface Handshake {
  readonly tls: TlsConfig
  readonly signal: AbortSignal
}

/** Goes on with a certificate that is not trusted, to say more of it. */
async function handshake(socket: Socket, host: string, { tls, signal }: Handshake): Promise<Finding[]> {
  const { connect: secure, checkServerIdentity } = await import('node:tls')
  const { rejectUnauthorized: isVerified, ...files } = new TlsFiles(tls).options
  const secured = secure({ ...files, socket, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) })
  try {
    await once(secured, 'secureConnect', { signal })
    const certificate = secured.getPeerCertificate(true)
    const fault = faultIn(secured, checkServerIdentity(host, certificate))
    const about = aboutOf(certificate)
    if (!isVerified)
      return [{ ...about, state: 'warning', text: `${about.text}; not verified, as "tls.skip_verify" says` }]
    return fault === undefined
      ? [about]
      : [{ what: 'certificate', state: 'failed', text: `${fault}; it is ${about.text}` }]
  } finally {
    secured.on('error', () => undefined).destroy()
  }
}

function faultIn(secured: TLSSocket, misnamed: Error | undefined): string | undefined {
  if (secured.authorized) return undefined
  if (misnamed !== undefined && 'code' in misnamed && String(secured.authorizationError) === misnamed.code)
    return faultOf(misnamed)
  const code = String(secured.authorizationError)
  return faultOf(Object.assign(new Error(code), { code }))
}

/** Who it is of, and the first of its chain to end. */
function aboutOf(certificate: DetailedPeerCertificate): Finding {
  const chain = [certificate]
  for (
    let next = certificate.issuerCertificate;
    next !== undefined && !chain.includes(next) && chain.length < mostIssuers;
  ) {
    chain.push(next)
    next = next.issuerCertificate
  }
  const [first] = chain.toSorted((a, b) => Date.parse(a.valid_to) - Date.parse(b.valid_to))
  const endMs = Date.parse(first!.valid_to)
  const days = Math.floor((endMs - Date.now()) / 86_400_000)
  const whose = first === certificate ? 'it ends' : `"${nameOf(first!.subject)}" of its chain ends`
  const names = `for "${nameOf(certificate.subject)}" by "${nameOf(certificate.issuer)}"`
  const end = Number.isNaN(endMs)
    ? 'has no end'
    : `${whose} ${new Date(endMs).toISOString().slice(0, 10)}, in ${days} days`
  const isSoon = endMs - Date.now() < soonMs
  return {
    what: 'certificate',
    state: isSoon ? 'warning' : 'ok',
    text: `${names}, ${end}${isSoon ? ': renew it' : ''}`
  }
}

function nameOf(subject: DetailedPeerCertificate['subject'] | undefined): string {
  const name = subject?.CN ?? subject?.O ?? 'no name'
  return String(name).slice(0, 100)
}
