import { defineParser } from '../config/define.ts'
import { compileFields } from '../scan/regex/compile.ts'
import { PatternFault } from '../scan/regex/syntax.ts'
import { groupParser } from './group-fields.ts'

/** Reads rows by a regular expression of the user's own. */
export const regex = defineParser({
  name: 'regex',
  summary: 'Makes fields of the named groups of a regular expression.',
  options: types => ({
    pattern: types
      .text(
        'A regular expression of RE2 syntax with named groups: `(?P<name>…)` or `(?<name>…)`. It is looked for anywhere; `^` and `$` are the ends of the row, `.` is any character, a line feed too.'
      )
      .refine(text => faultIn(text) === undefined, { error: ({ input }) => faultIn(String(input)) ?? '', abort: true }),
    numbers: types.list('Groups whose values are numbers, where they are.', types.text('Name of a group.')).default([])
  }),
  faultIn: ({ pattern, numbers }) => {
    if (numbers.length === 0) return undefined
    const { names } = compileFields(pattern)
    const unknown = numbers.find(name => !names.includes(name))
    return unknown === undefined ? undefined : `the pattern has no group "${unknown}"`
  },
  examples: [
    {
      title: 'Groups are fields',
      config: "pattern: '^(?<time>\\S+) (?<level>[A-Z]+) (?<took>\\d+)ms (?<message>.*)$'\nnumbers: [took]",
      input: '2026-11-22T10:00:00Z WARN 1250ms Pool is full',
      output: { time: '2026-11-22T10:00:00Z', level: 'WARN', took: 1250, message: 'Pool is full' }
    },
    {
      title: 'A row that does not match stays text',
      config: "pattern: 'user=(?<user>\\w+)'",
      input: 'Nobody is here',
      output: { 'error.type': 'regex' }
    }
  ],
  create({ pattern, numbers }, { keys }) {
    const finder = compileFields(pattern)
    return groupParser('regex', finder, { names: finder.names, numbers: new Set(numbers) }, keys)
  }
})

function faultIn(pattern: string): string | undefined {
  try {
    return compileFields(pattern).names.length > 0 ? undefined : 'the pattern has no named group: (?<name>…)'
  } catch (error) {
    if (!(error instanceof PatternFault)) throw error
    if (error.at === undefined) return error.message
    return `${error.message} (character ${Array.from(pattern.slice(0, error.at)).length + 1})`
  }
}
