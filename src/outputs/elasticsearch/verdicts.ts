import { SendError } from '../../core/errors.ts'
import type { Refusal, Shipment, Verdicts } from '../../core/output.ts'
import { Verdict } from '../../core/outcome.ts'
import type { Doubt } from './backing.ts'
import { streamOf } from './rows.ts'
import { adviceOn, type BulkAnswer } from './send.ts'

/** Rows whose fault lies with the server come back after this time. */
const blockedMs = 10_000

/** Puts the answer together with what the look-up found. Throws if no row was taken and one waits for somebody. */
export function verdictsOf(shipment: Shipment, doubt: Doubt, answer: BulkAnswer): Verdicts {
  const { found } = doubt
  const { setAside, requestBytes, blocked } = answer
  const isPlain = answer.verdict === undefined && found === undefined
  const isSure = areSure(doubt, answer)
  if (isPlain && isSure) return { requestBytes, ...(setAside === 0 ? {} : { setAside }) }
  const verdict = new Uint8Array(shipment.rows)
  const refusals = new Map<number, Refusal>()
  let isNoneTaken = true
  for (let row = 0, i = 0; row < shipment.rows; row++) {
    verdict[row] = found?.[row] === 1 ? Verdict.exists : (answer.verdict?.[i] ?? Verdict.delivered)
    if (found?.[row] !== 1) {
      const refusal = answer.refusals.get(i++)
      if (refusal !== undefined) refusals.set(row, refusal)
    }
    isNoneTaken &&= verdict[row] === Verdict.retry
  }
  if (blocked !== undefined && isNoneTaken) {
    const { status, type, reason } = blocked
    const message = `Cannot index: status ${status} (${type}: ${reason.slice(0, 300)})${adviceOn(status, type)}`
    throw new SendError(message, 'pause', { status })
  }
  const possiblyTwice = isSure ? 0 : countTwice(shipment, doubt, answer, verdict)
  return {
    requestBytes,
    ...(isPlain ? {} : { each: { verdict, refusals } }),
    ...(setAside === 0 ? {} : { setAside }),
    ...(possiblyTwice > 0 ? { possiblyTwice } : {}),
    ...(blocked === undefined ? {} : { retryAfterMs: blockedMs })
  }
}

/** No row that was created can stand elsewhere: all are where they were looked up. */
function areSure({ isBlind, writeIndices }: Doubt, { indices }: BulkAnswer): boolean {
  if (isBlind) return false
  return writeIndices.size === 0 || (typeof indices === 'string' && [...writeIndices.values()].includes(indices))
}

/** Rows that were created and may stand in another index already: nobody could look, or their data stream has rolled over since
 * somebody did. */
function countTwice(shipment: Shipment, doubt: Doubt, { indices }: BulkAnswer, verdict: Uint8Array): number {
  const { found, isBlind, stream, writeIndices } = doubt
  let rows = 0
  for (let row = 0, i = 0; row < shipment.rows; row++) {
    if (found?.[row] === 1) continue
    const index = typeof indices === 'string' ? indices : indices?.[i]
    i++
    if (verdict[row] !== Verdict.delivered || (!shipment.unknown && shipment.mayRepeat?.[row] !== 1)) continue
    const known = isBlind ? '' : writeIndices.get(streamOf(shipment, row) ?? stream)
    if (known !== undefined && known !== index) rows++
  }
  return rows
}
