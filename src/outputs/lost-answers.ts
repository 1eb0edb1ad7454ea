import { SendError } from '../core/errors.ts'
import type { Shipment } from '../core/output.ts'
import { needsPerson, RequestError } from '../core/request-error.ts'

const largeBody = 1 << 20

/** What stays with rows over all attempts. */
export interface ResetMemo {
  /** Resets while a large body was being written. */
  readonly resets: number
}

/** The error of a request with rows that had no answer. Only where no connection stood is the outcome known. */
export function withoutAnswer(
  error: unknown,
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
  shipment: Shipment
): SendError {
  if (!(error instanceof RequestError)) return new SendError(String(error), 'retry', { unknown: true, cause: error })
  const options = { unknown: !error.isUnsent, cause: error }
  if (needsPerson(error.code)) return new SendError(error.message, 'pause', options)
  if (!isReset(error.code) || bytes <= largeBody) return new SendError(error.message, 'retry', options)
  // A server may close the connection while we write a body over its limit, instead of answering 413.
  const memo = shipment.memo as Partial<ResetMemo> | undefined
  const resets = (memo?.resets ?? 0) + 1
  const isTooLarge = resets >= (rows === 1 ? 5 : 2)
  shipment.memo = { ...memo, resets: isTooLarge ? 0 : resets } satisfies ResetMemo
  return new SendError(error.message, isTooLarge ? 'split' : 'retry', options)
}

/** The same for requests that hold no rows. */
export function withoutReply(error: unknown): never {
  if (!(error instanceof RequestError)) throw error
  throw new SendError(error.message, needsPerson(error.code) ? 'pause' : 'retry', { cause: error })
}

function isReset(code: string): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}
