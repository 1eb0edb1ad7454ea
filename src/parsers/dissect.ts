import { defineParser } from '../config/define.ts'
import { Dissector, readDissect } from '../scan/dissect.ts'
import { groupParser } from './group-fields.ts'

/** Cuts rows at fixed texts. */
export const dissect = defineParser({
  name: 'dissect',
  summary: 'Makes fields of what stands between fixed texts. Faster than `regex`.',
  options: types => ({
    pattern: types
      .text(
        'Keys and the texts between them, as `%{time} [%{level}] %{message}`. `%{?key}` and `%{}` are passed over, `%{key->}` ends at several of the texts behind it, `%{+key}` goes on where `%{key}` ended, `%{key|integer}` is a number. The last key takes the rest.'
      )
      .refine(text => faultIn(text) === undefined, { error: ({ input }) => faultIn(String(input)) ?? '' })
  }),
  examples: [
    {
      title: 'A line',
      config: "pattern: '%{time} [%{level}] %{?thread} %{took|integer}ms %{message}'",
      input: '2026-11-22T10:00:00Z [WARN] main-1 1250ms Pool is full',
      output: { time: '2026-11-22T10:00:00Z', level: 'WARN', took: 1250, message: 'Pool is full' }
    },
    {
      title: 'Padded columns, and a time of two words',
      config: "pattern: '%{time} %{+time} %{level->} %{message}'",
      input: '2026-11-22 10:00:00 INFO     started',
      output: { time: '2026-11-22 10:00:00', level: 'INFO', message: 'started' }
    },
    {
      title: 'A row without one of the texts stays text',
      config: "pattern: '[%{level}] %{message}'",
      input: 'Pool is full',
      output: { 'error.type': 'dissect' }
    }
  ],
  create({ pattern }, { keys }) {
    const plan = readDissect(pattern)
    if (typeof plan === 'string') throw new Error(plan)
    return groupParser('dissect', new Dissector(plan), plan, keys)
  }
})

function faultIn(pattern: string): string | undefined {
  const plan = readDissect(pattern)
  return typeof plan === 'string' ? plan : undefined
}
