import { expect, test } from 'vitest'
import type { ParserDefinition } from '../../src/config/define.ts'
import type { Parser } from '../../src/core/steps.ts'
import { json } from '../../src/parsers/json.ts'
import { logfmt } from '../../src/parsers/logfmt.ts'
import { raw } from '../../src/parsers/raw.ts'
import { regex } from '../../src/parsers/regex.ts'
import { firstOf } from '../../src/pipeline/first-of.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench } from '../fakes/rows.ts'

const bench = new Bench()
const input = Buffer.from('{"a":1}\nb=2\nwords only\n{"cut\n{"a":2}\n{"a":3}\nc=4 d=5\nmore words\n')

function made(definition: ParserDefinition, options = {}): Parser {
  return definition.create(optionsOf(definition, options), bench.context)
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
