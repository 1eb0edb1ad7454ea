import { defineProcessor } from '../../config/define.ts'
import type { Batch } from '../../core/batch.ts'
import { Kind } from '../../core/row.ts'
import type { Processor, StepContext } from '../../core/steps.ts'
import { aboutIf, Chosen } from '../chosen.ts'
import { errorOf, flag } from '../flag.ts'
import { columnOf } from '../places/names.ts'
import { type Place, Places } from '../places/place.ts'
import { timeOptions } from '../normalize/time-options.ts'
import { type Conversion, ToBool, ToFloat, ToInt, ToText } from './conversions.ts'
import { ToBytes, ToDuration, ToTimestamp, type units } from './measures.ts'

const refused = errorOf('convert')

/** Makes values of one type. */
export const convert = defineProcessor({
  name: 'convert',
  summary:
    'Makes numbers, truths and times of texts. A value that is none stays what it is, and the row is flagged with `error.type: convert`.',
  options: t => ({
    fields: t
      .map(
        'Types by names of fields. `int`: a whole number. `float`. `bool`: true, yes, on, t, y, 1 or false, no, off, f, n, 0 in any case. `duration`: `1m30s`, `250ms` as a number of `unit`. `bytes`: `5MiB`, `1.5 kB`, `42` as a number of bytes. `timestamp`: a time in any form as ISO 8601 in UTC. `string`: a text.',
        t.choice('A type.', ['int', 'float', 'bool', 'duration', 'bytes', 'timestamp', 'string'])
      )
      .superRefine((fields, context) => {
        for (const name of Object.keys(fields)) {
          const message = 'it has one type in all rows; to fill it, set or rename another field to it'
          if (columnOf(name) !== undefined) context.addIssue({ code: 'custom', message, path: [name] })
        }
      }),
    unit: t.choice('Unit of durations.', ['s', 'ms', 'us', 'ns']).default('s'),
    ...timeOptions(t),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    {
      title: 'Texts of logfmt',
      config: 'fields: { status: int, took: duration, size: bytes, cached: bool, since: timestamp }\nunit: ms',
      input: 'level=info msg=done status=200 took=1.25s size=5MiB cached=yes since="22/Nov/2026:10:00:00 +0100"',
      output: {
        time: 'of reading',
        level: 'info',
        body: 'done',
        status: 200,
        took: 1250,
        size: 5_242_880,
        cached: true,
        since: '2026-11-22T09:00:00.000Z'
      }
    },
    {
      title: 'What is no number stays a text',
      config: 'fields: { status: int, share: float }',
      input: '{"msg":"done","status":"none","share":"0.50"}',
      output: { time: 'of reading', body: 'done', 'error.type': 'convert', status: 'none', share: 0.5 }
    }
  ],
  create: (options, { keys }) => new Convert(options, keys)
})

type Type = 'int' | 'float' | 'bool' | 'duration' | 'bytes' | 'timestamp' | 'string'

interface ConvertOptions {
  readonly fields: Readonly<Record<string, Type>>
  readonly unit: keyof typeof units
  readonly zone: string
  readonly timeFormats: readonly string[]
  readonly if?: string | undefined
}

class Convert implements Processor {
  readonly #chosen: Chosen
  readonly #places: Places
  readonly #fields: readonly { readonly place: Place; readonly conversion: Conversion }[]

  constructor(options: ConvertOptions, keys: StepContext['keys']) {
    this.#chosen = new Chosen(options.if, keys)
    this.#places = new Places(keys)
    this.#fields = Object.entries(options.fields).map(([name, type]) => ({
      place: this.#places.named(name),
      conversion: conversionTo(type, options)
    }))
  }

  apply(batch: Batch): void {
    const chosen = this.#chosen.of(batch)
    this.#places.open(batch)
    for (const { place, conversion } of this.#fields) convertAll(batch, chosen, place, conversion)
  }
}

function convertAll(batch: Batch, chosen: Uint8Array, place: Place, conversion: Conversion): void {
  conversion.open(batch)
  for (let row = 0; row < batch.rows; row++) {
    if (chosen[row] === 0 || !place.find(row) || place.kind === Kind.null) continue
    const isRead = conversion.read(place.start, place.end, place.kind)
    if (!isRead || !place.replace(row, conversion.start, conversion.end, conversion.kind)) flag(batch, row, refused)
  }
}

function conversionTo(type: Type, { unit, zone, timeFormats }: ConvertOptions): Conversion {
  if (type === 'timestamp') return new ToTimestamp(zone, timeFormats)
  return type === 'duration' ? new ToDuration(unit) : new plain[type]()
}

const plain = { int: ToInt, float: ToFloat, bool: ToBool, bytes: ToBytes, string: ToText } as const
