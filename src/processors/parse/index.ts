import { defineProcessor } from '../../config/define.ts'
import type { Batch } from '../../core/batch.ts'
import { Fate, Kind } from '../../core/row.ts'
import type { Processor, ProcessorContext } from '../../core/steps.ts'
import { TimeScanner } from '../../scan/time.ts'
import { aboutIf, Chosen } from '../chosen.ts'
import { flag } from '../flag.ts'
import { Candidates } from '../normalize/candidates.ts'
import { Normalizer } from '../normalize/normalizer.ts'
import { timeOptions } from '../normalize/time-options.ts'
import { type Place, Places } from '../places/place.ts'
import { Merge } from './merge.ts'
import { ValueRows } from './value-rows.ts'

const fates = { keep: Fate.kept, drop: Fate.filtered, dead_letter: Fate.deadLettered } as const

/** Finds the fields of a value. */
export const parse = defineProcessor({
  name: 'parse',
  summary:
    'Finds the fields of a value: JSON in a text, pairs in a message. What says time, level, message and so on under a name that normalize knows counts as if the row had said it.',
  parses: true,
  options: t => ({
    field: t.text('The field whose value is parsed; rows without it pass untouched.').min(1).default('message'),
    prefix: t
      .text('What names of the fields begin with, `app.` for example; left out: they are fields of the row.')
      .default(''),
    overwrite: t.flag('What the row says already is replaced by what the value says.').default(true),
    keep: t.flag('Keep the value itself, too, where it could be parsed.').default(true),
    onParseError: t
      .choice(
        'What becomes of rows whose value the parser does not understand: `keep` flags them with `error.type`, `drop` counts them as filtered, `dead_letter` puts them among the dead letters.',
        ['keep', 'drop', 'dead_letter']
      )
      .default('keep'),
    ...timeOptions(t),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    {
      title: 'A row of JSON in a row of JSON',
      config: 'field: log\nparser: json',
      input:
        '{"log":"{\\"level\\":\\"error\\",\\"msg\\":\\"no \\\\\\"pool\\\\\\"\\",\\"took\\":12}","stream":"stderr"}',
      output: { time: 'of reading', level: 'error', body: 'no "pool"', stream: 'stderr', took: 12 }
    },
    {
      title: 'Pairs in a field of their own, which goes',
      config: 'field: detail\nparser: logfmt\nprefix: detail.\nkeep: false',
      input: '{"msg":"done","detail":"user=eve level=3"}',
      output: { time: 'of reading', body: 'done', 'detail.user': 'eve', 'detail.level': '3' }
    },
    {
      title: 'Parts of a message, where it has them',
      config: `parser: { use: regex, pattern: '^(?<verb>[A-Z]+) (?<path>\\S+) took (?<took>\\d+)ms', numbers: [took] }\nif: '{level="info"} |= " took "'`,
      input: '{"level":"info","msg":"GET /a took 12ms"}',
      output: { time: 'of reading', level: 'info', body: 'GET /a took 12ms', verb: 'GET', path: '/a', took: 12 }
    },
    {
      title: 'What is no JSON stays what it is, and the row says so',
      config: 'field: payload\nparser: json',
      input: '{"msg":"done","payload":"none"}',
      output: { time: 'of reading', body: 'done', 'error.type': 'json', payload: 'none' }
    }
  ],
  create: (options, context) => new Parse(options, context)
})

interface ParseOptions {
  readonly field: string
  readonly prefix: string
  readonly overwrite: boolean
  readonly keep: boolean
  readonly onParseError: keyof typeof fates
  readonly zone: string
  readonly timeFormats: readonly string[]
  readonly if?: string | undefined
}

class Parse implements Processor {
  readonly #chosen: Chosen
  readonly #places: Places
  readonly #place: Place
  readonly #values: ValueRows
  readonly #merge: Merge
  readonly #normalizer: Normalizer
  readonly #overwrites: boolean
  readonly #keeps: boolean
  readonly #onError: Fate

  constructor(options: ParseOptions, { keys, parser }: ProcessorContext) {
    this.#chosen = new Chosen(options.if, keys)
    this.#places = new Places(keys)
    this.#place = this.#places.named(options.field)
    this.#values = new ValueRows(parser!)
    this.#merge = new Merge(keys, options.prefix, options.overwrite)
    const times = new TimeScanner(options.zone, options.timeFormats)
    this.#normalizer = new Normalizer(new Candidates(keys, {}), times, '')
    this.#overwrites = options.overwrite
    this.#keeps = options.keep
    this.#onError = fates[options.onParseError]
  }

  apply(batch: Batch): void {
    const chosen = this.#chosen.of(batch)
    const values = this.#values
    const place = this.#place
    this.#places.open(batch)
    values.open(batch)
    for (let row = 0; row < batch.rows; row++) {
      if (chosen[row] === 0 || !place.find(row) || place.kind === Kind.null) continue
      values.add(row, place.start, place.end, place.kind)
    }
    values.parse()
    for (let index = 0; index < values.count; index++) this.#take(batch, index)
    this.#normalizer.open(batch)
    for (let index = 0; index < values.count; index++) {
      const first = values.firstFields[index]!
      if (first >= 0) this.#normalizer.takeIn(batch, values.rows[index]!, first, this.#overwrites)
    }
  }

  /** Puts the fields of a value behind those of its row. */
  #take(batch: Batch, index: number): void {
    const values = this.#values
    const row = values.rows[index]!
    const error = values.errors[index]!
    if (error !== 0) {
      flag(batch, row, error)
      batch.fate[row] = this.#onError
      return
    }
    if (!this.#keeps) this.#place.remove(row)
    values.firstFields[index] = this.#merge.add(batch, row, values.firstFields[index]!)
  }
}
