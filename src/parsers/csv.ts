import { defineParser } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import { parseErrors } from '../core/row.ts'
import { CsvScanner } from '../scan/csv.ts'
import { GroupFields } from './group-fields.ts'
import { refuse } from './refuse.ts'

const refused = parseErrors.indexOf('csv')
const quote = 0x22

/** Reads rows of columns. */
export const csv = defineParser({
  name: 'csv',
  summary:
    'Reads columns with a separator between them, in quotes where need be (RFC 4180). A row with the names of the columns stays text.',
  options: types => ({
    columns: types.list('Names of all columns, in their order.', types.text('Name of a field; empty: none.')).min(1),
    separator: types
      .text('What stands between columns: one character of ASCII.')
      .refine(text => /^[\t\x20-\x7e]$/.test(text) && text !== '"', {
        error: 'expected one character, for example ";" or "\\t"'
      })
      .default(','),
    numbers: types
      .list('Columns whose values are numbers, where they are.', types.text('Name of a column.'))
      .default([])
  }),
  faultIn: ({ columns, numbers }) => {
    const names = columns.filter(name => name !== '')
    if (names.length === 0) return 'all of the columns are passed over'
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) return `the column "${twice}" comes twice`
    const unknown = numbers.find(name => !names.includes(name))
    return unknown === undefined ? undefined : `there is no column "${unknown}"`
  },
  examples: [
    {
      title: 'Columns',
      config: 'columns: [time, level, took, message]\nnumbers: [took]',
      input: '2026-11-22T10:00:00Z,warn,12.5,"said ""no"", twice"',
      output: { time: '2026-11-22T10:00:00Z', level: 'warn', took: 12.5, message: 'said "no", twice' }
    },
    {
      title: 'Another separator, and a column that is passed over',
      config: 'columns: [host, "", message]\nseparator: ";"',
      input: 'web-1;x;started',
      output: { host: 'web-1', message: 'started' }
    },
    {
      title: 'A row with more columns, or fewer, stays text',
      config: 'columns: [host, message]',
      input: 'web-1',
      output: { 'error.type': 'csv' }
    }
  ],
  create({ columns, separator, numbers }, { keys }) {
    const scanner = new CsvScanner(columns.length, separator.charCodeAt(0))
    const names = columns.map(name => (name === '' ? undefined : name))
    const fields = new GroupFields(keys, { names, numbers: new Set(numbers) })
    const header = columns.map(name => Buffer.from(name))
    return {
      parse(batch, from = 0) {
        fields.open()
        for (let row = from; row < batch.rows; row++) {
          const isRow = scanner.find(batch.bytes, batch.starts[row]!, batch.ends[row]!)
          if (!isRow || isHeader(batch, scanner.places, header)) refuse(batch, row, refused)
          else {
            undouble(batch, scanner)
            fields.add(batch, row, scanner.places)
          }
        }
      }
    }
  }
})

/** Whether each column has its own name in it. What stands in those that are passed over does not matter. */
function isHeader({ bytes }: Batch, places: Int32Array, header: readonly Buffer[]): boolean {
  for (let column = 0; column < header.length; column++) {
    const name = header[column]!
    if (name.length === 0) continue
    const start = places[2 * column]!
    if (places[2 * column + 1]! - start !== name.length) return false
    for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  }
  return true
}

/** Moves values with doubled quotes into the overlay, with single ones. */
function undouble(batch: Batch, { places, isDoubled }: CsvScanner): void {
  for (let column = 0; column < isDoubled.length; column++) {
    if (isDoubled[column] === 0) continue
    const end = places[2 * column + 1]!
    const start = batch.overlay(end - places[2 * column]!)
    const { bytes } = batch
    let to = start
    for (let at = places[2 * column]!; at < end; at++) {
      if (bytes[at] === quote) at++
      bytes[to++] = bytes[at]!
    }
    places[2 * column] = start
    places[2 * column + 1] = to
  }
}
