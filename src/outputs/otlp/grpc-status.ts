import { SendError } from '../../core/errors.ts'
import { type Answer, answerOf, mostMessage, takenOf } from './answers.ts'
import type { GrpcReply } from './grpc.ts'
import { WireReader } from './wire.ts'

const exhausted = 8
const mostRetryMs = 3_600_000

/** By number: the name, and the status over HTTP that means the same. */
const codes: readonly (readonly [name: string, status: number])[] = [
  ['OK', 200],
  ['CANCELLED', 499],
  ['UNKNOWN', 500],
  ['INVALID_ARGUMENT', 400],
  ['DEADLINE_EXCEEDED', 504],
  ['NOT_FOUND', 404],
  ['ALREADY_EXISTS', 409],
  ['PERMISSION_DENIED', 403],
  ['RESOURCE_EXHAUSTED', 429],
  ['FAILED_PRECONDITION', 400],
  ['ABORTED', 409],
  ['OUT_OF_RANGE', 400],
  ['UNIMPLEMENTED', 404],
  ['INTERNAL', 500],
  ['UNAVAILABLE', 503],
  ['DATA_LOSS', 500],
  ['UNAUTHENTICATED', 401]
]
/** OTLP 1.9, "OTLP/gRPC Response": what may be sent again, whatever it says of when. */
const retryable = new Set([1, 4, 10, 11, 14, 15])
/** About who we are and where we send to. */
const ofSetup = new Set([5, 7, 12, 16])

/** What the answer over gRPC means. Throws `SendError` where the request may be sent again. */
export function answerOfStatus(reply: GrpcReply): Answer {
  const { origin, headers } = reply
  const code = numberOf(headers['grpc-status'])
  if (Number.isNaN(code)) return answerBetween(reply)
  if (code === 0) return takenOf(reply.message)
  const [name, status] = codes[code] ?? ['UNKNOWN', 500]
  const reason = decoded(String(headers['grpc-message'] ?? '')).slice(0, mostMessage)
  const isQuotable = reason !== '' && (ofSetup.has(code) || code === exhausted || code === 14)
  const advice = code === 16 || code === 7 ? ': check "headers"' : ''
  const text = `Cannot send to "${origin}": gRPC status ${name}${isQuotable ? ` (${reason})` : ''}${advice}`
  if (ofSetup.has(code)) throw new SendError(text, 'pause', { status })
  const retryAfterMs = retryDelay(headers['grpc-status-details-bin'])
  if (code === exhausted) {
    // without a time this is about size, or final
    if (retryAfterMs === undefined) throw new SendError(text, 'split', { status: 413 })
    throw new SendError(text, 'retry', { status, retryAfterMs })
  }
  if (retryable.has(code)) throw new SendError(text, 'retry', { status, retryAfterMs, unknown: true })
  const error = new SendError(text, 'split', { status, unknown: status >= 500 })
  return { isTaken: false, status, type: name.toLowerCase(), reason: reason || name, error }
}

/** Of something between us and the server, which knows nothing of calls: that all is well with it says nothing of ours. */
function answerBetween({ origin, status, headers }: GrpcReply): Answer {
  if (status >= 200 && status < 300) {
    const text = `Cannot send to "${origin}": status ${status} without a gRPC status`
    throw new SendError(text, 'retry', { status, unknown: true })
  }
  return answerOf({ status, origin, retryAfter: headers['retry-after'], body: Buffer.alloc(0) })
}

function numberOf(status: string | string[] | undefined): number {
  return typeof status === 'string' && /^\d+$/.test(status) ? Number(status) : Number.NaN
}

/** Milliseconds that `google.rpc.RetryInfo` asks for; at most an hour. */
function retryDelay(details: string | string[] | undefined): number | undefined {
  if (typeof details !== 'string') return undefined
  try {
    const status = new WireReader(Buffer.from(details, 'base64'))
    while (status.next()) {
      if (status.number !== 3) continue
      let type = ''
      let value = new WireReader(Buffer.alloc(0))
      for (const any = status.inside(); any.next(); ) {
        if (any.number === 1) type = any.text
        if (any.number === 2) value = any.inside()
      }
      if (type.endsWith('/google.rpc.RetryInfo')) return durationOf(value)
    }
  } catch {
    // no status of ours
  }
  return undefined
}

/** Of a message whose first field is a `google.protobuf.Duration`. */
function durationOf(info: WireReader): number {
  let ms = 0
  while (info.next()) {
    if (info.number !== 1) continue
    for (const duration = info.inside(); duration.next(); ) {
      if (duration.number === 1) ms += Number(BigInt.asIntN(64, duration.value)) * 1000
      if (duration.number === 2) ms += Number(BigInt.asIntN(64, duration.value)) / 1e6
    }
  }
  return Math.min(Math.max(ms, 0), mostRetryMs)
}

/** Messages are percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
