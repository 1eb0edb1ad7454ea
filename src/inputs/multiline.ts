import type { MultilinePlan, OptionsOf } from '../config/define.ts'
import type { OptionTypes } from '../config/option-types.ts'
import { presets } from './framing/groupings.ts'

const about =
  'Which lines are one record: a preset by its name, or a map. Left out: each line is one. With `auto` a record is a stack trace of Java, Python, Go, Node.js, Ruby, Rust, .NET or PHP with the log line before it; all other lines stay by themselves.'

/** Options that say which lines are one record. */
export const multilineOptions = (t: OptionTypes) => ({
  multiline: t.z
    .union([t.choice('A preset.', presets), t.group('Lines of a record.', shape(t)).refine(hasOneWay, oneWay)])
    .describe(about)
    .optional()
})

function shape(t: OptionTypes) {
  return {
    preset: t
      .choice('Traces of one language, and all indented lines; or `auto`, for all languages at once.', presets)
      .optional(),
    start: t.pattern('Pattern (RE2) of lines that begin a record.').optional(),
    continue: t.pattern('Pattern of lines that belong to the record before them.').optional(),
    end: t.pattern('Pattern of lines that end a record.').optional(),
    negate: t.flag('`start`, `continue` and `end` mean the lines that do not match.').default(false),
    maxLines: t
      .count('Longer records are cut here and flagged; their other lines are the next record.', { min: 2 })
      .default(500),
    maxBytes: t.size('The same for their bytes.', { min: 1024, max: 64 * 1024 * 1024 }).default(1024 * 1024),
    timeout: t
      .duration('A record is sent when no line came for so long; what comes later is another one.', { min: 50 })
      .default(5000)
  }
}

type Content = OptionsOf<ReturnType<typeof shape>>

const oneWay = {
  error: 'it needs a "preset", or at least one of "start", "continue" and "end", and not both'
}

function hasOneWay({ preset, start, continue: goOn, end }: Content): boolean {
  return (preset === undefined) !== ((start ?? goOn ?? end) === undefined)
}

/** The part of the plan that these options make. */
export function multilinePlan(given: string | Content | undefined): { multiline?: MultilinePlan } {
  if (given === undefined) return {}
  if (typeof given === 'string') return { multiline: { ...limits, preset: given, negate: false } }
  const { timeout, ...rest } = given
  return { multiline: { ...rest, timeoutMs: timeout } }
}

const limits = { maxLines: 500, maxBytes: 1024 * 1024, timeoutMs: 5000 }
