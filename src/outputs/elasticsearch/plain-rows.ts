import type { Batch } from '../../core/batch.ts'
import type { Body } from '../../core/output.ts'
import { type Fragment, fragment } from '../copy.ts'
import type { Names, SourceText } from './document.ts'
import { DocumentKernel, type Texts } from './document-kernel.ts'

/** The text from the time to the number of `log.offset`; learned where it is not known. */
export type HeadOf = (text: SourceText, level: number, flags: number) => Fragment

/**
 * Writes the rows that nearly all are: schema ecs, message, service and ids without anything to escape, no other fields. The same bytes
 * as `DocumentEncoder`'s general way, by a kernel. Measured on W1 (test/bench/micro/path.ts): the general way takes 240 ns a row.
 */
export class PlainRows {
  readonly #head: HeadOf
  readonly #texts: Texts

  constructor(names: Names, before: string, head: HeadOf) {
    this.#head = head
    this.#texts = [
      ['before', fragment(before)],
      ['serviceText', member(names.service)],
      ['traceText', member(names.trace)],
      ['spanText', member(names.span)],
      ['agentText', member(names.agent)],
      ['messageText', member(names.message)]
    ]
  }

  /** Appends kept rows from `row` on, as long as they are plain; returns the number of the first that is not. */
  write(batch: Batch, text: SourceText, body: Body, row: number): number {
    const kernel = DocumentKernel.of(batch)
    if (kernel === undefined || !kernel.use(text.open, this.#texts)) return row
    for (let at = row; at < batch.rows; ) {
      const flags = batch.flags[at]!
      const level = batch.severity[at]!
      const hasHead = kernel.hasHead(flags, level) || kernel.setHead(flags, level, this.#head(text, level, flags))
      const next = kernel.write(at, batch.rows, body)
      if (next === at || !hasHead) return next
      at = next
    }
    return batch.rows
  }
}

function member(name: string): Fragment {
  return fragment(`,${JSON.stringify(name)}:"`)
}
