import { defineParser } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import { JsonScanner } from '../scan/json.ts'
import { LogfmtScanner } from '../scan/logfmt.ts'
import { aboutDescend, descended } from './json.ts'
import { refuse } from './refuse.ts'

const openBrace = 0x7b
/** A line of text may have a pair in it; one that is nothing but pairs, two or more, is logfmt. */
const minPairs = 2

/**
 * Knows JSON and logfmt by the rows themselves, so that a banner before JSON, or a stack trace in it, harms nothing:
 *
 * - a row that begins with `{` is read as JSON, and refused where it is none;
 * - any other is read as logfmt if it is nothing but pairs, unless the source was chosen to be JSON;
 * - the rest is text, which is no error.
 *
 * The first row that is one or the other chooses for its source. Rows before it come out the same with the choice and without, so
 * a source that is read again, from anywhere and in other chunks, gives the same rows.
 */
export const auto = defineParser({
  name: 'auto',
  summary: 'Finds out by itself whether rows are JSON, logfmt or text.',
  options: types => ({
    descend: types.list(aboutDescend, types.text('Key of the row.')).default([...descended])
  }),
  examples: [
    { title: 'JSON', config: '{}', input: '{"msg":"ready"}', output: { msg: 'ready' } },
    { title: 'logfmt', config: '{}', input: 'level=info msg=ready', output: { level: 'info', msg: 'ready' } },
    { title: 'Text', config: '{}', input: 'Starting with port=8080', output: {} },
    { title: 'JSON that is cut off', config: '{}', input: '{"msg":"rea', output: { 'error.type': 'json' } }
  ],
  create({ descend }, { keys }) {
    const json = new JsonScanner(keys, new Set(descend))
    const logfmt = new LogfmtScanner(keys)
    return {
      parse(batch, from = 0) {
        let choice = batch.source.marks.parser
        json.open(batch)
        logfmt.open()
        for (let row = from; row < batch.rows; ) {
          if (firstByte(batch, row) === openBrace) {
            const next = json.pass(batch, row)
            if (next > row && choice === undefined) choice = choose(batch, 'json')
            row = next
            if (row === batch.rows || firstByte(batch, row) !== openBrace) continue
            const error = json.scan(batch, row)
            if (error !== 0) refuse(batch, row, error)
            else if (choice === undefined) choice = choose(batch, 'json')
          } else if (choice !== 'json' && logfmt.scan(batch, row, minPairs) === 0) {
            if (choice === undefined) choice = choose(batch, 'logfmt')
          }
          row++
        }
      }
    }
  }
})

function choose(batch: Batch, parser: string): string {
  batch.barrier = Math.max(batch.barrier, batch.source.marks.choose(parser))
  return parser
}

/** The first byte of a row that is no blank, or -1. */
function firstByte(batch: Batch, row: number): number {
  const { bytes } = batch
  const end = batch.ends[row]!
  for (let at = batch.starts[row]!; at < end; at++) {
    const byte = bytes[at]!
    if (byte !== 0x20 && byte !== 0x09) return byte
  }
  return -1
}
