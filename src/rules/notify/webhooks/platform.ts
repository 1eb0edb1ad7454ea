import type { SendFault } from '../../../core/errors.ts'
import type { Alert } from '../../alert.ts'
import type { Origin } from '../channel.ts'
import type { Message } from '../message.ts'

/** What one kind of receiver wants to hear, and how it says that something is wrong. */
export interface Platform {
  request(telling: Telling): PlatformRequest
  /** What is wrong, where the status says nothing of it; undefined: nothing. */
  fault?(reply: Buffer): PlatformFault | undefined
}

export interface PlatformRequest {
  readonly body: object
  readonly query?: Readonly<Record<string, string>>
  /** The signature in the body: who has it may write for an hour. */
  readonly sign?: string
}

export interface Telling {
  readonly alerts: readonly Alert[]
  readonly message: Message
  readonly origin: Origin
  /** Name of the receiver. */
  readonly receiver: string
  /** Names of the labels that all alerts share. */
  readonly groupBy: readonly string[]
  /** For signing; empty: none. */
  readonly secret: string
  /** Epoch ms. */
  readonly now: number
}

export interface PlatformFault {
  readonly fault: SendFault
  readonly text: string
  readonly retryAfterMs?: number
}

/** How a platform's codes are taken. Those that are not named refuse the message as it is. */
export interface Codes {
  /** Too many messages, or too busy: how long to wait at least. */
  readonly retryAfterMs: Readonly<Record<number, number>>
  /** Who we are, or what the group takes. */
  readonly pause: readonly number[]
}

/** Of a reply as `{"errcode": 310000, "errmsg": "…"}`. */
export function faultIn(reply: Buffer, names: readonly [string, string], codes: Codes): PlatformFault | undefined {
  const [code, text] = readReply(reply, names)
  if (code === 0) return undefined
  const said = `code ${code}${text === '' ? '' : ` (${text})`}`
  if (Number.isNaN(code)) return { fault: 'pause', text: 'its reply is none of this platform: check the URL' }
  const retryAfterMs = codes.retryAfterMs[code]
  if (retryAfterMs !== undefined) return { fault: 'retry', text: said, retryAfterMs }
  return { fault: codes.pause.includes(code) ? 'pause' : 'split', text: said }
}

function readReply(reply: Buffer, [codeName, textName]: readonly [string, string]): [code: number, text: string] {
  try {
    const read = JSON.parse(reply.toString()) as Readonly<Record<string, unknown>> | null
    const [code, text] = [read?.[codeName], read?.[textName]]
    return [typeof code === 'number' ? code : Number.NaN, typeof text === 'string' ? text : '']
  } catch {
    return [Number.NaN, '']
  }
}
