import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { planOf } from '../../src/pipeline/plan.ts'
import { tempFolder } from '../fakes/folder.ts'

async function load(options: string) {
  const path = join(tempFolder(), 'config.yaml')
  writeFileSync(
    path,
    `version: 1
inputs: { logs: { type: file, paths: [x.log], ${options} } }
outputs: { out: { type: stdout } }
`
  )
  return loadConfig([path], { env: { PATTERN: 'abc**' }, components })
}

test.each([
  ['multiline: jva', 58, 'Cannot use "jva" for "multiline": did you mean "java"?'],
  ['multiline: { preset: pyton }', 68, 'Cannot use "pyton" for "preset": did you mean "python"?'],
  ['multiline: { max_lines: 1, end: x }', 71, 'Cannot use 1 for "max_lines": at least 2'],
  ['multiline: { start: "^(?=x)" }', 67, 'Cannot use "^(?=x)" for "start": looking ahead or behind ("(?=…)"'],
  ['multiline: { start: "^(?=x)" }', 67, 'takes more than linear time (character 2)'],
  ['multiline: { start: "^😀(" }', 67, 'a "(" without its ")" (character 3)'],
  ['multiline: { end: "a\\\\q", start: x }', 65, 'the escape "\\q" is unknown (character 2)'],
  [
    'multiline: { continue: "${PATTERN}" }',
    70,
    '"${PATTERN}" for "continue": what it stands for has the wrong form (character 5)'
  ],
  ['multiline: { start: "^.{1,60}:.{1,100}$" }', 67, 'it takes more than 2500 states: use fewer or smaller repeats'],
  ['multiline: { start: 5 }', 67, 'Cannot use 5 for "start": expected text'],
  ['multiline: { timeout: 1s }', 58, 'it needs a "preset", or at least one of "start", "continue" and "end"'],
  ['encoding: utf16-le', 57, 'Cannot use "utf16-le" for "encoding": did you mean "utf-16le"?'],
  ['encoding: shiftjs', 57, 'did you mean "shift_jis"?'],
  ['encoding: klingon', 57, 'expected an encoding, for example "utf-16le" or "latin1"'],
  ['line_end: crlf', 57, 'Cannot use "crlf" for "line_end"'],
  ['multiline: { preset: go, start: x }', 58, 'and not both']
])('%s is refused with its place', async (options, column, message) => {
  const loaded = await load(options)
  expect('problems' in loaded && loaded.problems).toMatchObject([
    { line: 2, column, message: expect.stringContaining(message) }
  ])
})

test('a preset by its name has the limits that the map has', async () => {
  const [short, long] = await Promise.all(['multiline: auto', 'multiline: { preset: auto }'].map(load))
  const [one, other] = await Promise.all(
    [short!, long!].map(async loaded => {
      if (!('config' in loaded)) throw new Error(JSON.stringify(loaded.problems))
      return (await planOf(loaded.config)).inputs[0]!.follow.multiline
    })
  )
  expect(one).toEqual(other)
  expect(one).toEqual({ preset: 'auto', negate: false, maxLines: 500, maxBytes: 1 << 20, timeoutMs: 5000 })
})

test('patterns are those of RE2', async () => {
  const loaded = await load(
    "multiline: { start: '^[[:alpha:]]\\pL+', continue: '(?s)a(?m:^b)', end: '(?P<end>\\Qa.b\\E)' }"
  )
  expect(loaded).toMatchObject({ config: { inputs: [{ options: { multiline: { start: '^[[:alpha:]]\\pL+' } } }] } })
})
