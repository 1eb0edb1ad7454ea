import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { tempFolder } from '../fakes/folder.ts'

/** Mistakes in the steps of a configuration, as `line:column: message`; the first step stands in line 5. */
async function mistakesIn(steps: string): Promise<string[]> {
  const path = join(tempFolder(), 'config.yaml')
  const head =
    'version: 1\ninputs: { logs: { type: file, paths: [x.log] } }\noutputs: { out: { type: stdout } }\nprocess:\n'
  writeFileSync(path, head + steps)
  const loaded = await loadConfig([path], { env: { SPAN: 'of secrets' }, components })
  const problems = 'problems' in loaded ? loaded.problems : []
  return problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
}

test('normalize says which of its time formats is wrong, and where', async () => {
  const steps = '  - normalize:\n      time_formats: ["%d.%m.%Y", "%d.%m.%Q", "%H:%M"]\n'
  expect(await mistakesIn(steps)).toEqual([
    expect.stringMatching(/^6:34: .*"%Q" means nothing/),
    expect.stringMatching(/^6:46: .*a format names month and day/)
  ])
})

test.each([
  [`a: "{{x | uper}}"`, 'there is no filter "uper": known are upper, lower, trim, replace, default, hash'],
  [`a: '{{x | replace "a"}}'`, '"replace" takes 2 texts, as {{name | replace "-" "_"}}'],
  [`a: '{{x | replace "" "a"}}'`, '"replace" has nothing to look for'],
  [`a: '{{x | default nobody}}'`, '"nobody" stands behind "default" without a "|" before it, or quotes'],
  ['a: "{{x | }}"', 'a "|" has no filter behind it'],
  ['a: "{{x | upper | }}"', 'a "|" has no filter behind it'],
  ['a: "{{x | upper()}}"', '"()" is no filter: texts stand in quotes'],
  ['a: "b{{x"', 'the "{{" at character 2 has no "}}"'],
  ['a: "{{}}"', '"{{" and "}}" have no name of a field between them'],
  ['a: { b: 1 }', 'a template stands in quotes: "{{field}}"'],
  ['a: .nan', 'expected text, a number, true, false or a list of texts'],
  ['a:', 'Missing value for "a"'],
  ['"{{x}}": a', 'a name is no template: set "x"'],
  ['"": a', 'a field has a name'],
  ['level: banana', 'expected a level: trace, debug, info'],
  ['trace.id: abc', 'expected a trace id: 32 hex digits'],
  ['time: yesterday', 'expected a time, as 2026-11-22T10:00:00Z is'],
  ['message: [a]', '"message" is no list'],
  ['span_id: "${SPAN}"', 'Cannot use "${SPAN}" for "span_id": expected a span id: 16 hex digits']
])('set says what is wrong with its fields, and where: %s', async (field, message) => {
  const [mistake, ...others] = await mistakesIn(`  - set:\n      fields:\n        ${field}\n`)
  expect(mistake).toMatch(/^7:\d+: /)
  expect(mistake).toContain(message)
  expect(others).toEqual([])
})

test.each([
  ['rename', '{ fields: { a: a } }', 'Cannot use "a" for "a": it has this name already'],
  ['rename', '{ fields: { a: "" } }', 'a field has a name'],
  ['rename', '{ fields: { a: [b] } }', 'Cannot use a list for "a": expected text'],
  ['rename', '{ fields: { a: b }, on_missing: drop }', 'expected "ignore", "flag"'],
  ['remove', '{ fields: [] }', 'it must not be empty'],
  ['remove', '{ fields: ["a*b"] }', '"*" stands at the end of a name'],
  ['remove', '{ fields: a }', 'expected a list: did you mean to put it in [ ]?'],
  ['parse', '{ field: log }', 'Missing "parser" in "parse"'],
  ['parse', '{ parser: jsn }', 'Unknown parser "jsn": did you mean "json"?'],
  ['parse', '{ parser: { use: regex, pattern: "(" } }', 'Cannot use "(" for "pattern"'],
  ['parse', '{ parser: { use: json, if: a } }', 'Unknown key "if" in "parse.parser"'],
  ['parse', '{ parser: json, on_parse_error: ignore }', 'expected "keep", "drop"'],
  ['convert', '{ fields: { a: integer } }', 'did you mean "int"?'],
  ['convert', '{ fields: { a: number } }', 'did you mean "float"?'],
  ['convert', '{ fields: { a: odd } }', 'expected "int", "float"'],
  ['drop_fields', '{ fields: [a] }', 'Unknown key "drop_fields" in "process": did you mean "remove"?'],
  ['convert', '{ fields: { log.level: int } }', 'it has one type in all rows'],
  ['convert', '{ fields: { a: timestamp }, zone: Berlin }', 'expected a time zone']
])('%s says what is wrong, and where: %s', async (step, options, message) => {
  const [mistake, ...others] = await mistakesIn(`  - ${step}: ${options}\n`)
  expect(mistake).toMatch(/^5:\d+: /)
  expect(mistake).toContain(message)
  expect(others).toEqual([])
})
