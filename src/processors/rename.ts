import { defineProcessor } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import type { Processor } from '../core/steps.ts'
import { aboutIf, Chosen } from './chosen.ts'
import { errorOf, flag } from './flag.ts'
import { type Place, Places } from './places/place.ts'

const refused = errorOf('rename')

/** Gives fields other names. */
export const rename = defineProcessor({
  name: 'rename',
  summary:
    'Gives fields other names. What is renamed to level, service_name, message or another that every row has becomes that.',
  options: t => ({
    fields: t.map('New names by old ones, in this order.', t.text('The new name.')).superRefine((fields, context) => {
      for (const [from, to] of Object.entries(fields)) {
        const message = faultIn(from, to)
        if (message !== undefined) context.addIssue({ code: 'custom', message, path: [from] })
      }
    }),
    overwrite: t
      .flag('What to do where a row has a field of the new name: put this one in its place, or leave both as they are.')
      .default(true),
    onMissing: t
      .choice('What becomes of rows without the field: nothing, or they are flagged with `error.type: rename`.', [
        'ignore',
        'flag'
      ])
      .default('ignore'),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    {
      title: 'Names by the Elastic Common Schema; `duration` is that of a member of an object',
      config: 'fields: { ip: client.ip, req.duration: event.duration }',
      input: '{"level":"info","msg":"done","ip":"10.0.0.1","req":{"duration":12,"id":"a"}}',
      output: {
        time: 'of reading',
        level: 'info',
        body: 'done',
        'client.ip': '10.0.0.1',
        'event.duration': 12,
        'req.id': 'a'
      }
    },
    {
      title: 'What a program calls level, and service, by names of its own',
      config: 'fields: { how_bad: level, component: service_name }',
      input: '{"how_bad":"WARN","component":"shop","msg":"slow"}',
      output: { time: 'of reading', level: 'warn', service_name: 'shop', body: 'slow' }
    },
    {
      title: 'A text that is no level stays what it is, and the row says so',
      config: 'fields: { how_bad: level }',
      input: '{"how_bad":"ouch","msg":"slow"}',
      output: { time: 'of reading', body: 'slow', 'error.type': 'rename', how_bad: 'ouch' }
    }
  ],
  create: (options, { keys }) => new Rename(options, keys)
})

function faultIn(from: string, to: string): string | undefined {
  if (from === '' || to === '') return 'a field has a name'
  return from === to ? 'it has this name already' : undefined
}

interface RenameOptions {
  readonly fields: Readonly<Record<string, string>>
  readonly overwrite: boolean
  readonly onMissing: 'ignore' | 'flag'
  readonly if?: string | undefined
}

class Rename implements Processor {
  readonly #chosen: Chosen
  readonly #places: Places
  readonly #pairs: readonly { readonly from: Place; readonly to: Place }[]
  readonly #overwrites: boolean
  readonly #flagsMissing: boolean

  constructor(options: RenameOptions, keys: Keys) {
    this.#chosen = new Chosen(options.if, keys)
    this.#places = new Places(keys)
    this.#overwrites = options.overwrite
    this.#flagsMissing = options.onMissing === 'flag'
    this.#pairs = Object.entries(options.fields).map(([from, to]) => ({
      from: this.#places.named(from),
      to: this.#places.named(to)
    }))
  }

  apply(batch: Batch): void {
    const chosen = this.#chosen.of(batch)
    this.#places.open(batch)
    for (const { from, to } of this.#pairs) this.#rename(batch, chosen, from, to)
  }

  #rename(batch: Batch, chosen: Uint8Array, from: Place, to: Place): void {
    const overwrites = this.#overwrites
    for (let row = 0; row < batch.rows; row++) {
      if (chosen[row] === 0) continue
      const isThere = from.find(row)
      if (!isThere) {
        if (this.#flagsMissing) flag(batch, row, refused)
      } else if ((overwrites || !to.isSaid(row)) && !to.takeOver(row, from)) flag(batch, row, refused)
    }
  }
}
