import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { optionsSchema } from '../../src/config/schema.ts'

test.each([
  ['csv', { columns: ['', ''] }, 'all of the columns are passed over'],
  ['csv', { columns: ['a', 'b', 'a'] }, 'the column "a" comes twice'],
  ['csv', { columns: ['a', ''], numbers: ['b'] }, 'there is no column "b"'],
  ['dissect', { pattern: '%{?a} %{}' }, 'all of its keys are passed over'],
  ['grok', { pattern: '%{NUMBERS:a}' }, 'the pattern: there is no pattern "NUMBERS" (%{NUMBERS:a})'],
  ['grok', { pattern: '%{NUMBER}' }, 'the pattern has no field: %{NAME:field}'],
  ['regex', { pattern: '(a)' }, 'the pattern has no named group: (?<name>…)'],
  // a letter of two units of UTF-16 is one character
  [
    'regex',
    { pattern: '(?<a>𝒂)(?=b)', numbers: ['b'] },
    'looking ahead or behind ("(?=…)", "(?!…)", "(?<=…)") takes more than linear time (character 8)'
  ],
  ['regex', { pattern: '(?<a>b)', numbers: ['b'] }, 'the pattern has no group "b"']
] as const)('%s refuses %j', async (name, options, message) => {
  const { error } = optionsSchema(await components.parsers[name]()).safeParse(options)
  expect(error?.issues.map(issue => issue.message)).toEqual([message])
})
