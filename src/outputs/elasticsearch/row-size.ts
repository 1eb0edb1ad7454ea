import type { Batch } from '../../core/batch.ts'
import { Kind, Use } from '../../core/row.ts'
import type { SourceText } from './document.ts'
import type { KeyTexts } from '../key-texts.ts'
import { mostBytes } from './values.ts'

/** The most bytes that the document of a row can take. */
export function mostBytesOfRow(batch: Batch, row: number, text: SourceText, keys: KeyTexts): number {
  let most = text.most
  const { service, traceId, spanId, agentId, body } = batch
  if (service.kind[row] !== Kind.absent) most += mostBytes(service.kind[row]!, service.end[row]! - service.start[row]!)
  if (agentId.kind[row] !== Kind.absent) most += mostBytes(agentId.kind[row]!, agentId.end[row]! - agentId.start[row]!)
  if (traceId.kind[row] !== Kind.absent) most += mostBytes(traceId.kind[row]!, traceId.end[row]! - traceId.start[row]!)
  if (spanId.kind[row] !== Kind.absent) most += mostBytes(spanId.kind[row]!, spanId.end[row]! - spanId.start[row]!)
  if (body.kind[row] !== Kind.absent) most += mostBytes(body.kind[row]!, body.end[row]! - body.start[row]!)
  else most += mostBytes(Kind.text, batch.ends[row]! - batch.starts[row]!)
  for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
    if (batch.fieldUse[field] !== Use.attribute) continue
    const length = batch.fieldEnd[field]! - batch.fieldStart[field]!
    most += mostBytes(batch.fieldKind[field]!, length) + keys.text(batch.fieldKey[field]!).length + 16
  }
  return most
}
