import { defineProcessor } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { Use } from '../core/row.ts'
import type { Processor } from '../core/steps.ts'
import { aboutIf, Chosen } from './chosen.ts'
import { type Cell, cells, columnWith } from './places/cells.ts'
import { unlink } from './places/links.ts'
import { allColumns, candidateOf, type Column, namesOf } from './places/names.ts'
import { Objects } from './places/objects.ts'
import { renames } from './normalize/candidates.ts'

/** What is done with fields, by their names: they stay, go, or are objects that have something in them that goes. */
const stay = 0
const go = 1
/** By a name with `*`, which means no message and no time. */
const goUnlessMessage = 2
const holds = 3

/** Takes fields out of rows. */
export const remove = defineProcessor({
  name: 'remove',
  summary: 'Takes fields out of rows, also level, service_name, trace_id and the others that every row has.',
  options: t => ({
    fields: t
      .list(
        'Names of fields; what stands under a name goes with it: `http` is also `http.status`. With `*` at the end all that begin so. A message becomes empty, a row keeps its time; `*` means neither.',
        t
          .text('A name.')
          .min(1)
          .refine(name => !/\*./.test(name), { error: '"*" stands at the end of a name' })
      )
      .min(1),
    if: t.query(aboutIf).optional()
  }),
  examples: [
    {
      title: 'Fields, members of objects and all that begin alike',
      config: 'fields: [password, http.headers, "debug_*"]',
      input: '{"msg":"ok","password":"x","http":{"status":200,"headers":{"cookie":"x"}},"debug_a":1,"debug_b":2}',
      output: { time: 'of reading', body: 'ok', 'http.status': 200 }
    },
    {
      title: 'The trace of rows that are no errors',
      config: `fields: [trace_id, span_id]\nif: '{level!="error"}'`,
      input: '{"level":"info","msg":"ok","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}',
      output: { time: 'of reading', level: 'info', body: 'ok' }
    }
  ],
  create: (options, { keys }) => new Remove(options, keys)
})

interface RemoveOptions {
  readonly fields: readonly string[]
  readonly if?: string | undefined
}

class Remove implements Processor {
  readonly #chosen: Chosen
  readonly #keys: Keys
  readonly #names: readonly string[]
  readonly #objects: Objects
  readonly #cells = cells()
  /** Columns that become empty. */
  readonly #emptied: readonly Cell[]
  /** By key id: what becomes of the field. */
  #meanings = new Uint8Array(1024)
  #known = 0
  #generation = -1

  constructor(options: RemoveOptions, keys: Keys) {
    this.#chosen = new Chosen(options.if, keys)
    this.#keys = keys
    this.#objects = new Objects(keys)
    const renamed = renames.filter(({ from }) => options.fields.includes(from)).map(({ to }) => to)
    this.#names = [...options.fields, ...renamed]
    const emptied = allColumns.filter(column =>
      namesOf(column).some(name => {
        const meaning = this.#meaningOf(name)
        return meaning === go || (meaning === goUnlessMessage && column !== 'body')
      })
    )
    this.#emptied = emptied.map(column => this.#cells[column])
  }

  apply(batch: Batch): void {
    const chosen = this.#chosen.of(batch)
    for (const cell of Object.values(this.#cells)) cell.open(batch)
    if (this.#generation !== this.#keys.generation) this.#known = 0
    this.#generation = this.#keys.generation
    for (let row = 0; row < batch.rows; row++) {
      if (chosen[row] === 0) continue
      this.#removeFields(batch, row)
      for (const cell of this.#emptied) cell.remove(row)
    }
  }

  #removeFields(batch: Batch, row: number): void {
    let before = -1
    for (let field = batch.firstField[row]!; field >= 0; field = after(batch, row, before)) {
      const key = batch.fieldKey[field]!
      if (key >= this.#known) this.#learn()
      const meaning = this.#meanings[key]!
      if (meaning === holds && this.#objects.has(batch, field)) this.#objects.takeApart(batch, row, field, before)
      else if ((meaning === go || meaning === goUnlessMessage) && this.#empty(batch, row, field, meaning))
        unlink(batch, row, field, before)
      else before = field
    }
  }

  /** Empties the column that holds a field, if one does. False if that is not meant. */
  #empty(batch: Batch, row: number, field: number, meaning: number): boolean {
    if (batch.fieldUse[field] !== Use.consumed) return true
    const column: Column | undefined =
      candidateOf(this.#keys.names[batch.fieldKey[field]!]!) ?? columnWith(batch, row, field)
    if (meaning === goUnlessMessage && (column === 'body' || column === 'time')) return false
    if (column !== undefined) this.#cells[column].remove(row)
    return true
  }

  #learn(): void {
    const { names } = this.#keys
    if (names.length > this.#meanings.length) {
      const larger = new Uint8Array(names.length * 2)
      larger.set(this.#meanings)
      this.#meanings = larger
    }
    for (let key = this.#known; key < names.length; key++) this.#meanings[key] = this.#meaningOf(names[key]!)
    this.#known = names.length
  }

  #meaningOf(field: string): number {
    const names = this.#names
    if (names.some(name => name === field || field.startsWith(`${name}.`))) return go
    if (names.some(name => name.endsWith('*') && field.startsWith(name.slice(0, -1)))) return goUnlessMessage
    return names.some(name => name.startsWith(`${field}.`)) ? holds : stay
  }
}

/** The field behind this one, which may have changed. */
function after(batch: Batch, row: number, before: number): number {
  return before < 0 ? batch.firstField[row]! : batch.fieldNext[before]!
}
