import { SendError } from '../../core/errors.ts'
import { type Reply, retryAfter } from '../../core/http-client.ts'
import { WireReader } from './wire.ts'

/** What a server made of a request that it answered. */
export type Answer = Taken | Refused
export interface Taken {
  readonly isTaken: true
  /** Records that it did not take; it does not say which. */
  readonly rejected: number
  /** Why, which may quote rows; a warning where all were taken. */
  readonly message: string
}
/** It will not take this request as it is. */
export interface Refused {
  readonly isTaken: false
  readonly status: number
  readonly type: string
  readonly reason: string
  readonly error: SendError
}

export const mostMessage = 300
/** Answers that are about who we are and where we send to, and not about rows. */
const ofSetup = new Set([401, 403, 404, 405, 407, 415])
/** Messages of these may be logged: they are not about what was sent. */
const quotable = new Set([...ofSetup, 429])

/** What the answer over HTTP means: OTLP 1.9, "OTLP/HTTP Response". Throws `SendError` where the request may be sent again. */
export function answerOf(reply: Reply): Answer {
  const { status, origin } = reply
  if (status >= 200 && status < 300) return takenOf(reply.body)
  const reason = messageIn(reply.body)
  const about = quotable.has(status) && reason !== '' ? ` (${reason})` : ''
  const message = `Cannot send to "${origin}": status ${status}${about}${adviceOn(status)}`
  const retryAfterMs = retryAfter(reply.retryAfter)
  if (status === 413) throw new SendError(message, 'split', { status })
  if (status === 429) throw new SendError(message, 'retry', { status, retryAfterMs })
  if (status >= 502 && status <= 504) throw new SendError(message, 'retry', { status, retryAfterMs, unknown: true })
  if (status < 400 || ofSetup.has(status)) throw new SendError(message, 'pause', { status, retryAfterMs })
  const error = new SendError(message, 'split', { status, unknown: status >= 500 })
  return { isTaken: false, status, type: 'refused', reason: reason || `Status ${status}`, error }
}

/** `ExportLogsServiceResponse`, in either form. A server that says that all is well is believed, whatever else it says. */
export function takenOf(body: Buffer): Taken {
  try {
    const { rejected, message } = isJson(body) ? partialOfJson(body) : partialOfWire(body)
    return { isTaken: true, rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0, message }
  } catch {
    return { isTaken: true, rejected: 0, message: '' }
  }
}

function partialOfWire(body: Buffer): { rejected: number; message: string } {
  const partial = { rejected: 0, message: '' }
  const response = new WireReader(body)
  while (response.next()) {
    if (response.number !== 1) continue
    const fields = response.inside()
    while (fields.next()) {
      if (fields.number === 1) partial.rejected = Number(fields.value)
      if (fields.number === 2) partial.message = fields.text.slice(0, mostMessage)
    }
  }
  return partial
}

function partialOfJson(body: Buffer): { rejected: number; message: string } {
  const { partialSuccess } = JSON.parse(body.toString()) as {
    partialSuccess?: { rejectedLogRecords?: unknown; errorMessage?: unknown }
  }
  const said = partialSuccess?.errorMessage
  const message = typeof said === 'string' ? said.slice(0, mostMessage) : ''
  return { rejected: Number(partialSuccess?.rejectedLogRecords ?? 0), message }
}

/** The message of `google.rpc.Status` in either form; empty where there is none. */
function messageIn(body: Buffer): string {
  try {
    if (isJson(body)) {
      const { message } = JSON.parse(body.toString()) as { message?: unknown }
      return typeof message === 'string' ? message.slice(0, mostMessage) : ''
    }
    const fields = new WireReader(body)
    while (fields.next()) if (fields.number === 2) return fields.text.slice(0, mostMessage)
    return ''
  } catch {
    return ''
  }
}

function isJson(body: Buffer): boolean {
  return body[0] === 0x7b
}

function adviceOn(status: number): string {
  if (status === 401 || status === 403) return ': check "headers"'
  return status === 404 || status === 405 ? ': check "endpoint" and "protocol"' : ''
}
