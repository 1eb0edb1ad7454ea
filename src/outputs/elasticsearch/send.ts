import { SendError } from '../../core/errors.ts'
import { type Reply, retryAfter } from '../../core/http-client.ts'
import type { Shipment } from '../../core/output.ts'
import { Verdict } from '../../core/outcome.ts'
import { type BulkResult, bulkFilter, indexFilter, readBulkReply } from './bulk.ts'
import { gzip } from '../gzip.ts'
import { type ResetMemo, withoutAnswer } from '../lost-answers.ts'
import type { Client } from './client.ts'

const compatible = 'compatible-with=8'
export const jsonHeaders = {
  accept: `application/vnd.elasticsearch+json; ${compatible}`,
  'content-type': `application/vnd.elasticsearch+json; ${compatible}`
}
const bulkHeaders = { ...jsonHeaders, 'content-type': `application/vnd.elasticsearch+x-ndjson; ${compatible}` }
const gzipHeaders = { ...bulkHeaders, 'content-encoding': 'gzip' }

/** Answers to a request that was refused as a whole for its form or by our set-up, never for a row. */
const faultsOfSetup = new Set(['security_exception', 'media_type_header_exception', 'illegal_argument_exception'])

/** What stays with rows over all attempts. */
export interface Memo extends ResetMemo {
  /** Write index of each data stream when the rows were first sent; see BackingIndices. */
  readonly indices: ReadonlyMap<string, string> | undefined
}
export const memoOf = (shipment: Shipment): Memo =>
  (shipment.memo as Memo | undefined) ?? { resets: 0, indices: undefined }

export interface BulkRequest {
  readonly path: string
  readonly bytes: Buffer
  readonly rows: number
  readonly gzipLevel: number
  /** The answer is to say where rows went: three times as long. */
  readonly withIndex: boolean
}
export interface BulkAnswer extends BulkResult {
  readonly requestBytes: number
}

/** Sends one bulk request and reads its reply; throws `SendError`. */
export async function sendBulk(
  client: Client,
  request: BulkRequest,
  shipment: Shipment,
  signal: AbortSignal
): Promise<BulkAnswer> {
  const body = request.gzipLevel === 0 ? request.bytes : await gzip(request.bytes, request.gzipLevel)
  const reply = await client
    .request({
      method: 'POST',
      path: `${request.path}?filter_path=${request.withIndex ? indexFilter : bulkFilter}`,
      headers: request.gzipLevel === 0 ? bulkHeaders : gzipHeaders,
      body,
      maxReply: (4 << 20) + 400 * request.rows,
      signal
    })
    .catch((error: unknown) => {
      throw withoutAnswer(error, { rows: request.rows, bytes: request.bytes.length }, shipment)
    })
  if (reply.status === 400 && request.rows === 1 && isFaultOfRow(reply)) return refusedAlone(reply, body.length)
  if (reply.status !== 200) throw ofStatus(reply, mayQuoteRows(reply.status))
  const result = readBulkReply(reply.body, request.rows)
  if (result === undefined) {
    throw new SendError(`Cannot read the reply of "${reply.origin}": it is not that of a bulk request`, 'retry', {
      status: reply.status,
      unknown: true
    })
  }
  return { ...result, requestBytes: body.length }
}

/** A reply about rights, names or load quotes no row. One about what could not be read may, and messages go to logs and status
 * pages. */
function mayQuoteRows(status: number): boolean {
  return ![401, 403, 404, 429].includes(status)
}

/** The error of a reply that isn't 200; `isTypeOnly` leaves the reason out of its message. */
export function ofStatus(reply: Reply, isTypeOnly = false): SendError {
  const { status, origin } = reply
  const error = errorOf(reply.body)
  const reason = isTypeOnly ? '' : `: ${error.reason.slice(0, 300)}`
  const about = error.type === '' ? '' : ` (${error.type}${reason})`
  const message = `Cannot send to "${origin}": status ${status}${about}${adviceOn(status, error.type)}`
  const retryAfterMs = retryAfter(reply.retryAfter)
  if (status === 413) return new SendError(message, 'split', { status })
  if (status === 429) return new SendError(message, 'retry', { status, retryAfterMs })
  if (status >= 500 || status === 408 || status === 425 || (status > 200 && status < 300)) {
    return new SendError(message, 'retry', { status, retryAfterMs, unknown: true })
  }
  // A body that can not be read as a whole: the row that spoils it is found by halving.
  if (status === 400 && isFaultOfRow(reply)) return new SendError(message, 'split', { status })
  return new SendError(message, 'pause', { status, retryAfterMs })
}

/** What to do about an answer that concerns who we are, as the end of its sentence. A status of 403 has other causes too. */
export function adviceOn(status: number, type: string): string {
  if (status === 401) return ': check "user" and "password", or "api_key"'
  const isRight = status === 403 && (type === '' || type === 'security_exception')
  return isRight ? ': check what "user", or "api_key", has the right to' : ''
}

function isFaultOfRow(reply: Reply): boolean {
  return !faultsOfSetup.has(errorOf(reply.body).type)
}

function refusedAlone(reply: Reply, requestBytes: number): BulkAnswer {
  const refusals = new Map([[0, { status: reply.status, ...errorOf(reply.body) }]])
  return { verdict: Uint8Array.of(Verdict.refused), refusals, blocked: undefined, setAside: 0, requestBytes }
}

export function errorOf(body: Buffer): { readonly type: string; readonly reason: string } {
  try {
    const { error } = JSON.parse(body.toString()) as { error?: { type?: string; reason?: string } }
    return { type: error?.type ?? '', reason: error?.reason ?? '' }
  } catch {
    return { type: '', reason: '' }
  }
}
