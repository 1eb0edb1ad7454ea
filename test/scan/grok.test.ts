import { expect, test } from 'vitest'
import { readDissect } from '../../src/scan/dissect.ts'
import { grokPatterns } from '../../src/scan/grok-patterns.ts'
import { readGrok } from '../../src/scan/grok.ts'
import { compileFields } from '../../src/scan/regex/compile.ts'

test('each pattern of grok can be used', () => {
  for (const name of Object.keys(grokPatterns)) {
    const grok = readGrok(`^%{${name}:field}$`, {})
    if (typeof grok === 'string') throw new Error(`${name}: ${grok}`)
    expect(compileFields(grok.pattern).names.length, name).toBeGreaterThan(0)
  }
})

test.each([
  ['%{NOPE:a}', {}, 'there is no pattern "NOPE" (%{NOPE:a})'],
  ['%{constructor:a}', {}, 'there is no pattern "constructor" (%{constructor:a})'],
  ['%{A:a}', { A: 'x%{B}', B: '%{A}' }, 'the pattern "A" has itself in it'],
  ['%{INT:a:long}', {}, 'the type "long" (%{INT:a:long}) is none of int, float, string'],
  ['%{A}', { A: '%{B}'.repeat(40), B: '%{C}'.repeat(40), C: 'x'.repeat(999) }, 'it is too large']
])('says what is wrong with the grok %s', (pattern, own, fault) => {
  expect(readGrok(pattern, own)).toBe(fault)
})

test.each([
  ['no key', 'it has no key: %{name}'],
  ['%{a}%{b}', 'nothing stands between "%{a}" and the next key'],
  ['%{a} %{a}', 'the key "a" comes twice'],
  ['%{a} %{b} %{+a}', '"+a" must follow "a", as only what stands side by side can be put together'],
  ['%{?a} %{}', 'all of its keys are passed over'],
  ['%{&a} %{b}', '"%{&a}": keys that are in the row are not supported'],
  ['%{+a/2} %{b}', '"%{+a/2}": the order of parts is not supported'],
  ['%{a|ip}', '"%{a|ip}": the type "ip" is not supported']
])('says what is wrong with the dissect %s', (pattern, fault) => {
  expect(readDissect(pattern)).toBe(fault)
})
