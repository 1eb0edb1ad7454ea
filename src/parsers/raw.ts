import { defineParser } from '../config/define.ts'

/** Finds no fields: each row is its message. Time, level and trace id in the text are still found by `normalize`. */
export const raw = defineParser({
  name: 'raw',
  summary: 'Takes each row as text. A time and a level at its start are found all the same.',
  options: () => ({}),
  examples: [{ title: 'Any line', config: '{}', input: '{"no":"fields"}', output: {} }],
  create: () => ({ parse() {} })
})
