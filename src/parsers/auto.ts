import { defineParser } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Flag } from '../core/row.ts'
import type { Marks, Source } from '../core/source.ts'
import type { Parser } from '../core/steps.ts'
import { JsonScanner } from '../scan/json.ts'
import { LogfmtScanner } from '../scan/logfmt.ts'
import { firstOf } from './first-of.ts'
import { type FormatName, formatNames, FormatParsers, signedBy } from './formats.ts'
import { aboutDescend, descended } from './json.ts'
import { refuse } from './refuse.ts'

const openBrace = 0x7b
/** A line of text may have a pair in it; one that is nothing but pairs, two or more, is logfmt. */
const minPairs = 2
/** Of a source: if none of so many rows is of a format, it is text. */
const mostTried = 100
/** Of a row, to see of what format it is; and of a chunk, to see which may be needed. */
const signBytes = 512
const headBytes = 16_384
/** What container runtimes write in front of a row. */
const wrapping = /^(?:\{"log":"|[^ ]+ (?:stdout|stderr) [FP] )/

/**
 * Knows by the rows themselves what they are, so that a banner before JSON, or a stack trace in it, harms nothing:
 *
 * - a row that begins with `{` is read as JSON, and refused where it is none;
 * - any other is read as logfmt if it is nothing but pairs, unless the source was chosen to be JSON;
 * - one that has the signs of another format (formats.ts), and that its parser understands, chooses that for its source: from this row on,
 *   rows are read by that parser first;
 * - the rest is text, which is no error.
 *
 * The first row that is one or the other chooses for its source. Rows before it come out the same with the choice and without, so
 * a source that is read again, from anywhere and in other chunks, gives the same rows: a choice of other formats has the position from
 * which it holds. That none of the first hundred rows chose is not stored: a run that goes on behind them tries as many again.
 */
export const auto = defineParser({
  name: 'auto',
  summary: `Finds out by itself whether rows are JSON, logfmt, ${formatNames.join(', ')} or text.`,
  options: types => ({
    descend: types.list(aboutDescend, types.text('Key of the row.')).default([...descended])
  }),
  examples: [
    { title: 'JSON', config: '{}', input: '{"msg":"ready"}', output: { msg: 'ready' } },
    { title: 'logfmt', config: '{}', input: 'level=info msg=ready', output: { level: 'info', msg: 'ready' } },
    { title: 'Text', config: '{}', input: 'Starting with port=8080', output: {} },
    { title: 'JSON that is cut off', config: '{}', input: '{"msg":"rea', output: { 'error.type': 'json' } }
  ],
  create: ({ descend }, { keys }) => new AutoParser(new Set(descend), keys)
})

class AutoParser implements Parser {
  readonly #json: JsonScanner
  readonly #logfmt: LogfmtScanner
  readonly #formats: FormatParsers
  /** By names of formats, as they stand in a choice. */
  readonly #chosen = new Map<string, Parser>()
  /** Rows of sources that are of no format so far. */
  readonly #tried = new WeakMap<Marks, number>()

  constructor(descend: ReadonlySet<string>, keys: Keys) {
    this.#json = new JsonScanner(keys, descend)
    this.#logfmt = new LogfmtScanner(keys)
    this.#formats = FormatParsers.of(keys)
  }

  loading(bytes: Buffer, size: number, { marks }: Source): Promise<unknown> | undefined {
    const { parser } = marks
    if (parser !== undefined) return this.#formats.load(choiceOf(parser)?.names ?? [])
    if ((this.#tried.get(marks) ?? 0) >= mostTried) return undefined
    const lines = bytes.latin1Slice(0, Math.min(size, headBytes)).split('\n', mostTried)
    return this.#formats.load([...new Set(lines.flatMap(line => signedBy(line.replace(wrapping, ''))))])
  }

  parse(batch: Batch, from = 0): void {
    const { parser } = batch.source.marks
    const choice = parser === undefined ? undefined : choiceOf(parser)
    if (choice === undefined) this.#findOut(batch, from)
    else this.#obey(batch, from, choice)
  }

  /** Reads rows that JSON, logfmt or text are, and chooses, if nothing is chosen. */
  #findOut(batch: Batch, from: number): void {
    const { marks } = batch.source
    const json = this.#json
    const logfmt = this.#logfmt
    let choice = marks.parser
    const tried = choice === undefined ? (this.#tried.get(marks) ?? 0) : mostTried
    let left = mostTried - tried
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
      } else if (choice === undefined && left > 0) {
        left--
        const names = this.#formatsOf(batch, row)
        if (names.length > 0) {
          choose(batch, `${names.join()}@${batch.positions[row]!}`)
          return this.parse(batch, row)
        }
      }
      row++
    }
    if (mostTried - left > tried) this.#tried.set(marks, mostTried - left)
  }

  /** Reads rows by the formats that are chosen from a position on. */
  #obey(batch: Batch, from: number, { names, at }: Choice): void {
    let first = from
    while (first < batch.rows && batch.positions[first]! < at) first++
    const { rows } = batch
    if (first > from) {
      batch.rows = first
      this.#findOut(batch, from)
      batch.rows = rows
    }
    if (first < rows) this.#parserOf(names).parse(batch, first)
  }

  #parserOf(names: readonly FormatName[]): Parser {
    const key = names.join()
    let parser = this.#chosen.get(key)
    if (parser === undefined) {
      const parsers = names.flatMap(name => this.#formats.get(name) ?? [])
      parser = firstOf([...parsers, { parse: (batch, from = 0) => this.#findOut(batch, from) }])
      if (parsers.length === names.length) this.#chosen.set(key, parser)
    }
    return parser
  }

  /** Those that a row has the signs of, and whose parsers understand it. */
  #formatsOf(batch: Batch, row: number): readonly FormatName[] {
    if ((batch.flags[row]! & Flag.unparsed) !== 0) return []
    const start = batch.starts[row]!
    const text = batch.bytes.latin1Slice(start, Math.min(batch.ends[row]!, start + signBytes))
    return signedBy(text).filter(name => understands(this.#formats.get(name), batch, row))
  }
}

/** Leaves the row as it was. */
function understands(parser: Parser | undefined, batch: Batch, row: number): boolean {
  if (parser === undefined) return false
  const { rows, fields, used } = batch
  batch.rows = row + 1
  parser.parse(batch, row)
  const isUnderstood = batch.firstField[row]! >= 0
  batch.rows = rows
  batch.dropFields(row, fields)
  batch.used = used
  batch.flags[row]! &= ~Flag.unparsed
  batch.errors[row] = 0
  return isUnderstood
}

/** Formats, and the position of the first row that is read by them. */
interface Choice {
  readonly names: readonly FormatName[]
  readonly at: number
}

/** `java,python@0`; undefined: none of other formats, or one that this version does not know. */
function choiceOf(parser: string): Choice | undefined {
  const end = parser.indexOf('@')
  if (end < 0) return undefined
  const names = parser.slice(0, end).split(',') as FormatName[]
  return names.every(name => formatNames.includes(name)) ? { names, at: Number(parser.slice(end + 1)) } : undefined
}

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
