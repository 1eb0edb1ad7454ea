import type { Batch } from '../core/batch.ts'
import type { Body } from '../core/output.ts'
import { Fate } from '../core/row.ts'
import type { LineEncoder } from './line-encoder.ts'

const lineEnd = 0x0a

/** Rows as they were read, each with a line end; a row of several lines stays several. */
export class RawRows implements LineEncoder {
  encode(batch: Batch, body: Body): void {
    for (let row = 0; row < batch.rows; row++) {
      if (batch.fate[row] !== Fate.kept) continue
      const start = batch.starts[row]!
      const end = batch.ends[row]!
      body.reserve(end - start + 1)
      batch.bytes.copy(body.bytes, body.at, start, end)
      body.at += end - start
      body.bytes[body.at++] = lineEnd
      body.endRow(batch.positions[row]!, batch.lengths[row]!)
    }
  }
}
