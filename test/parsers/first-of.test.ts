import { expect, test } from 'vitest'
import type { ParserDefinition } from '../../src/config/define.ts'
import type { Parser } from '../../src/core/steps.ts'
import { json } from '../../src/parsers/json.ts'
import { logfmt } from '../../src/parsers/logfmt.ts'
import { raw } from '../../src/parsers/raw.ts'
import { regex } from '../../src/parsers/regex.ts'
import { syslog } from '../../src/parsers/syslog.ts'
import { firstOf } from '../../src/parsers/first-of.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { RowFilter } from '../../src/logql/filter.ts'
import { asObject, Bench } from '../fakes/rows.ts'

const bench = new Bench()
const input = Buffer.from('{"a":1}\nb=2\nwords only\n{"cut\n{"a":2}\n{"a":3}\nc=4 d=5\nmore words\n')

function made(definition: ParserDefinition, options = {}): Parser {
  return definition.create(optionsOf(definition, options), bench.context)
}

function rowsFor(parsers: Parser[], ...queries: (string | undefined)[]): Record<string, unknown>[] {
  const filters = queries.map(query => (query === undefined ? undefined : new RowFilter(query, bench.keys)))
  return bench.rows(input, { parser: firstOf(parsers, filters), processors: [] }).map(asObject)
}

function rows(...parsers: Parser[]): Record<string, unknown>[] {
  return bench.rows(input, { parser: firstOf(parsers), processors: [] }).map(asObject)
}

const words = made(regex, { pattern: '^(?<first>\\w+) (?<second>\\w+)$' })

test('of each row the first parser that understands it counts', () => {
  expect(rows(made(json), made(logfmt), words)).toEqual([
    { a: 1 },
    { b: '2' },
    { first: 'words', second: 'only' },
    { 'error.type': 'regex' },
    { a: 2 },
    { a: 3 },
    { c: '4', d: '5' },
    { first: 'more', second: 'words' }
  ])
})

test('what the last one says of a row stays', () => {
  expect(rows(words, made(json))[3]).toEqual({ 'error.type': 'json' })
})

test('behind one that takes every row nothing comes', () => {
  expect(rows(made(raw), made(json)).every(row => Object.keys(row).length === 0)).toBe(true)
})

test('a parser with a query is tried on the rows that it selects', () => {
  const [json1, cut] = ['{__error__=""} |= "{\\"a"', '{__error__=""} != "cut"']
  expect(rowsFor([made(json), made(logfmt), words], json1, undefined, cut)).toEqual([
    { a: 1 },
    { b: '2' },
    { first: 'words', second: 'only' },
    { 'error.type': 'logfmt' },
    { a: 2 },
    { a: 3 },
    { c: '4', d: '5' },
    { first: 'more', second: 'words' }
  ])
})

test('rows that no parser is tried on are text, which is no error', () => {
  const found = rowsFor([made(json), made(logfmt)], '{file="a.log"}', '{__error__=""} |= "="')
  expect(found).toEqual([{}, { b: '2' }, {}, {}, {}, {}, { c: '4', d: '5' }, {}])
  expect(rowsFor([made(json)], '{__error__=""} |= "cut"')).toEqual([
    {},
    {},
    {},
    { 'error.type': 'json' },
    {},
    {},
    {},
    {}
  ])
})

test('words that a parser adds take the place of one row, however many it is given alone', () => {
  const parser = firstOf([made(json), made(syslog)])
  const added = (line: string): number => {
    bench.fill(Buffer.from(`${line}\n{"a":1}\n`.repeat(100)))
    parser.parse(bench.batch)
    expect(bench.batch.errors.subarray(0, bench.batch.rows).every(error => error === 0)).toBe(true)
    return bench.batch.used - bench.batch.size
  }
  expect(added('Nov 22 10:00:00 web-1 app: without a level')).toBe(0)
  expect(added('<34>Oct 11 22:14:15 web-1 su: failed')).toBe('emergalertcriterrwarningnoticeinfodebug'.length)
  expect([0, 198].map(row => asObject(bench.row(row))['level'])).toEqual(['crit', 'crit'])
})
