import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopback } from '../config/units.ts'

/** How a request came in, and so what it may do: through the socket in the state directory (as its owner), from this machine,
 * from anywhere, or at the listener that has nothing but metrics and health. */
export type Door = 'control' | 'local' | 'open' | 'metrics'

export interface Caller {
  readonly method: string
  readonly host: string | undefined
  readonly authorization: string | undefined
}

export interface Denial {
  readonly status: 401 | 403
  readonly error: string
}

/** A page in a browser may reach a loopback listener under a name of its own (DNS rebinding), so only our own names pass. The
 * port may differ: it does behind `ssh -L` and `kubectl port-forward`. */
export function denyHost(door: Door, host: string | undefined): Denial | undefined {
  if (door !== 'local' || host === undefined) return undefined
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  if (isLoopback(name.toLowerCase())) return undefined
  return { status: 403, error: 'This address answers only to the names localhost, 127.0.0.1 and [::1]' }
}

/** Whoever is on this machine may look; a token is for those who are not, and for everything that changes something. */
export function denyCaller(door: Door, caller: Caller, token: string | undefined): Denial | undefined {
  if (door === 'control') return undefined
  const looks = caller.method === 'GET' || caller.method === 'HEAD'
  if (door === 'local' && looks) return undefined
  return denyToken(caller, token)
}

/** The rows of dead letters are what the programs of others wrote: who is on this machine need not be allowed to read it. */
export function denyRows(door: Door, caller: Caller, token: string | undefined): Denial | undefined {
  return door === 'control' ? undefined : denyToken(caller, token)
}

function denyToken(caller: Caller, token: string | undefined): Denial | undefined {
  if (token === undefined) {
    return { status: 403, error: 'This needs "server.token" in the configuration, or the command line on that machine' }
  }
  if (carries(token, caller.authorization)) return undefined
  return { status: 401, error: 'This needs the header "Authorization: Bearer <server.token>"' }
}

/** Whether the header carries the token; the time it takes says nothing about the token. */
function carries(token: string, authorization: string | undefined): boolean {
  const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
