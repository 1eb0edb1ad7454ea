import { defineProcessor } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Kind } from '../core/row.ts'
import type { Processor } from '../core/steps.ts'
import { aboutIf, Chosen } from './chosen.ts'
import { errorOf, flag } from './flag.ts'
import { unfit } from './places/can-hold.ts'
import { columnOf } from './places/names.ts'
import { type Place, Places } from './places/place.ts'
import { SharedText } from './places/shared-text.ts'
import { readTemplate, TemplateFault } from './template/read.ts'
import { Constant, templateOf, type Value } from './template/template.ts'

const refused = errorOf('set')

const formOfValue = 'expected text, a number, true, false or a list of texts; a template stands in quotes: "{{field}}"'

type Given = string | number | boolean | string[]

/** Sets fields of rows. */
export const set = defineProcessor({
  name: 'set',
  summary: 'Sets fields, also level, service_name, message and the others that every row has.',
  options: t => ({
    fields: t
      .map(
        'What to set, in this order: names of fields, and a text, number, truth or list of texts for each. In a text, `{{field}}` stands for a value of the row, with filters behind it: `upper`, `lower`, `trim`, `replace "a" "b"`, `default "text"`, `hash` (SHA-256). `{{field}}` alone is the value as it is, a number for example. Nothing is set where the row has no such field and the text no `default` for it.',
        t.z.union(
          [
            t.text('A template.').refine(text => templateFault(text) === undefined, {
              error: ({ input }) => templateFault(String(input)) ?? ''
            }),
            t.z.number().describe('A number.'),
            t.flag('A truth.'),
            t.list('Texts.', t.text('A text.'))
          ],
          { error: formOfValue }
        )
      )
      .superRefine((fields, context) => {
        for (const [name, value] of Object.entries(fields)) {
          const message = faultIn(name, value)
          if (message !== undefined) context.addIssue({ code: 'custom', message, path: [name] })
        }
      }),
    overwrite: t.flag('Set fields that a row has already, too.').default(true),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    {
      title: 'Where rows come from',
      config: 'fields: { deployment.environment: production, service_name: shop, replicas: 3, tags: [eu, web] }',
      input: '{"level":"info","msg":"ready"}',
      output: {
        time: 'of reading',
        level: 'info',
        service_name: 'shop',
        body: 'ready',
        'deployment.environment': 'production',
        replicas: 3,
        tags: ['eu', 'web']
      }
    },
    {
      title: 'Made of other fields; `default` is for rows without one, and for empty ones',
      config: `fields: { message: '{{method | upper}} {{path}} by {{user | trim | default "nobody"}}', took_ms: "{{took}}" }`,
      input: '{"level":"info","method":"get","path":"/a","took":12}',
      output: {
        time: 'of reading',
        level: 'info',
        body: 'GET /a by nobody',
        method: 'get',
        path: '/a',
        took: 12,
        took_ms: 12
      }
    },
    {
      title: 'A level by what a row says, and an address that is not to be kept',
      config: `fields: { level: error, client: '{{client | hash}}' }\nif: '{level="info"} |= "OutOfMemory"'`,
      input: '{"level":"info","client":"10.1.2.3","msg":"OutOfMemoryError"}',
      output: {
        time: 'of reading',
        level: 'error',
        body: 'OutOfMemoryError',
        client: '8e099943f7370d7ecd46ad56442e02670e8ed1a8b2ba5c42a69f06f1c050189b'
      }
    },
    {
      title: 'Only where a row has none',
      config: 'fields: { service_name: gateway, region: eu }\noverwrite: false',
      input: '{"service":"billing","msg":"ready"}',
      output: { time: 'of reading', service_name: 'billing', body: 'ready', region: 'eu' }
    }
  ],
  create: (options, { keys }) => new Setter(options, keys)
})

function templateFault(text: string): string | undefined {
  try {
    readTemplate(text)
    return undefined
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error
    return error.message
  }
}

/** Why a value can not be that of a field. */
function faultIn(name: string, value: Given): string | undefined {
  if (name === '') return 'a field has a name'
  if (name.includes('{{')) return `a name is no template: set "${name.replaceAll(/\{\{|\}\}/g, '')}"`
  if (Array.isArray(value)) return columnOf(name) === undefined ? undefined : `"${name}" is no list`
  const isTemplate = typeof value === 'string' && value.includes('{{')
  return isTemplate ? undefined : unfit(name, value)
}

interface SetOptions {
  readonly fields: Readonly<Record<string, Given>>
  readonly overwrite: boolean
  readonly if?: string | undefined
}

interface Assignment {
  readonly place: Place
  readonly value: Value
}

class Setter implements Processor {
  readonly #chosen: Chosen
  readonly #places: Places
  readonly #assignments: readonly Assignment[]
  readonly #overwrites: boolean

  constructor(options: SetOptions, keys: Keys) {
    this.#chosen = new Chosen(options.if, keys)
    this.#places = new Places(keys)
    this.#overwrites = options.overwrite
    this.#assignments = Object.entries(options.fields).map(([name, given]) => ({
      place: this.#places.named(name),
      value: valueOf(given, this.#places)
    }))
  }

  apply(batch: Batch): void {
    const chosen = this.#chosen.of(batch)
    this.#places.open(batch)
    for (const assignment of this.#assignments) this.#assign(batch, chosen, assignment)
  }

  #assign(batch: Batch, chosen: Uint8Array, { place, value }: Assignment): void {
    const overwrites = this.#overwrites
    value.open(batch)
    for (let row = 0; row < batch.rows; row++) {
      if (chosen[row] === 0 || (!overwrites && place.isSaid(row)) || !value.make(row)) continue
      if (!place.put(row, value.start, value.end, value.kind)) flag(batch, row, refused)
    }
  }
}

function valueOf(given: Given, places: Places): Value {
  if (typeof given === 'string') return templateOf(given, places)
  const kind = { number: Kind.number, boolean: Kind.boolean, object: Kind.json }[typeof given as 'number']
  return new Constant(new SharedText(JSON.stringify(given), kind))
}
