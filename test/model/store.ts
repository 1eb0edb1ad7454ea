import { crc32 } from 'node:zlib'
import type { Batch } from '../../src/core/batch.ts'
import { SendError } from '../../src/core/errors.ts'
import { Verdict } from '../../src/core/outcome.ts'
import type { Body, Output, Shipment, Verdicts } from '../../src/core/output.ts'
import { Fate } from '../../src/core/row.ts'

interface Request {
  readonly rows: readonly (readonly [id: string, text: string])[]
  readonly answer: PromiseWithResolvers<Verdicts>
}

/** What becomes of requests: they are answered at once, or wait for the test to do so. */
export type StoreMode = 'ok' | 'hang'

/** A store of documents by id, as Elasticsearch is one, whose answers the test gives. It outlives the collectors. */
export class ModelStore {
  readonly documents = new Map<string, string>()
  mode: StoreMode = 'ok'
  #waiting: Request[] = []
  /** Collectors so far. */
  #lives = 0

  /** What waits is stored and answered. */
  ack(): void {
    for (const request of this.#waiting.splice(0)) request.answer.resolve(this.#take(request, () => true))
  }

  /** What waits is not stored, and so it says. */
  nack(): void {
    const error = new SendError('Cannot send to "model": status 503', 'retry', { status: 503 })
    for (const { answer } of this.#waiting.splice(0)) answer.reject(error)
  }

  /** Every second row is stored, the others are to be sent again. */
  half(): void {
    for (const request of this.#waiting.splice(0)) request.answer.resolve(this.#take(request, row => row % 2 === 0))
  }

  /** What waits is stored, but the answer never arrives. */
  cut(): void {
    const error = new SendError('Cannot send to "model": reset', 'retry', { unknown: true })
    for (const request of this.#waiting.splice(0)) {
      this.#take(request, () => true)
      request.answer.reject(error)
    }
  }

  /** The collector has died: nobody waits any more, and what it was about to send never leaves it. */
  forget(): void {
    this.#waiting = []
    this.#lives++
  }

  #take({ rows }: Request, isTaken: (row: number) => boolean): Verdicts {
    const verdict = new Uint8Array(rows.length)
    for (const [row, [id, text]] of rows.entries()) {
      if (!isTaken(row)) verdict[row] = Verdict.retry
      else if (this.documents.has(id)) verdict[row] = Verdict.exists
      else this.documents.set(id, text)
    }
    return { each: { verdict, refusals: new Map() }, requestBytes: 1 }
  }

  /** For a collector. */
  output(): Output {
    const life = this.#lives
    return {
      encode,
      salt: row => Buffer.concat([Buffer.from('!'), row]),
      send: (shipment, signal) => {
        const request = { rows: rowsOf(shipment), answer: Promise.withResolvers<Verdicts>() }
        if (life !== this.#lives) return request.answer.promise
        signal.addEventListener('abort', () =>
          request.answer.reject(new SendError('Cannot send to "model": aborted', 'retry', { unknown: true }))
        )
        this.#waiting.push(request)
        if (this.mode === 'ok') this.ack()
        return request.answer.promise
      }
    }
  }
}

/** A row is `id text`: of the same parts as in Elasticsearch. */
function encode(batch: Batch, body: Body): void {
  for (let row = 0; row < batch.rows; row++) {
    if (batch.fate[row] !== Fate.kept) continue
    const bytes = batch.bytes.subarray(batch.starts[row], batch.ends[row])
    const id = `${batch.source.id}/${batch.positions[row]!}/${batch.lengths[row]!}/${crc32(bytes)} `
    body.reserve(id.length + bytes.length)
    body.at += body.bytes.write(id, body.at)
    body.at += bytes.copy(body.bytes, body.at)
    body.endRow(batch.positions[row]!, batch.lengths[row]!)
  }
}

function rowsOf({ bytes, rows, rowEnds }: Shipment): [string, string][] {
  return Array.from({ length: rows }, (_, row) => {
    const text = bytes.toString('latin1', row === 0 ? 0 : rowEnds[row - 1]!, rowEnds[row])
    const space = text.indexOf(' ')
    return [text.slice(0, space), text.slice(space + 1)]
  })
}
