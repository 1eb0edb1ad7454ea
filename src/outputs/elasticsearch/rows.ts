import type { Shipment } from '../../core/output.ts'
import { idLength, saltedId } from '../row-id.ts'

const lineEnd = 0x0a
const idEnd = '"}}\n'.length
const indexStart = '{"create":{"_index":"'

/** A shipment's rows as they were encoded: `{"create":{["_index":"…",]"_id":"…"}}\n` and the document. */
type Rows = Pick<Shipment, 'bytes' | 'rowEnds'>

function startOf(rows: Rows, row: number): number {
  return row === 0 ? 0 : rows.rowEnds[row - 1]!
}

export function idOf(rows: Rows, row: number): string {
  const end = rows.bytes.indexOf(lineEnd, startOf(rows, row)) + 1 - idEnd
  return rows.bytes.latin1Slice(end - idLength, end)
}

/** The data stream that a row names, or undefined if it goes where its request goes. */
export function streamOf(rows: Rows, row: number): string | undefined {
  const start = startOf(rows, row)
  const nameStart = start + indexStart.length
  if (rows.bytes.latin1Slice(start, nameStart) !== indexStart) return undefined
  return rows.bytes.latin1Slice(nameStart, rows.bytes.indexOf(0x22, nameStart))
}

/** The same row under the next of its ids. */
export function salted(row: Buffer): Buffer {
  const copy = Buffer.from(row)
  const end = copy.indexOf(lineEnd) + 1 - idEnd
  copy.latin1Write(saltedId(copy.latin1Slice(end - idLength, end)), end - idLength)
  return copy
}

/** The line that names the document; all of a row that has none. */
export function actionOf(row: Buffer): Buffer {
  return row.subarray(0, row.indexOf(lineEnd) + 1 || row.length)
}

/** The rows that aren't marked, one behind the other. */
export function without(rows: Shipment, marked: Uint8Array): Buffer {
  const parts: Buffer[] = []
  for (let row = 0; row < rows.rows; row++) {
    if (marked[row] === 0) parts.push(rows.bytes.subarray(startOf(rows, row), rows.rowEnds[row]))
  }
  return Buffer.concat(parts)
}
