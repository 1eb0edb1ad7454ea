import { accessSync, constants, statSync } from 'node:fs'
import * as z from 'zod'
import { type PemContent, pemFault } from './pem.ts'
import { reasonOf } from './substitute.ts'
import { type Address, readAddress, readDuration, readSize, type Reading } from './units.ts'
import { addressHelp, durationHelp, sizeHelp, writeDuration, writeSize } from './units.ts'

/**
 * The kinds of values that options have. Every builder takes the sentence for the reference first; durations arrive in code as
 * milliseconds, sizes as bytes. Add `.default(…)` (a value as code sees it), `.prefault(…)` (a value as people write it, also
 * `{}` for a group that may be left out) or `.optional()`; an option with none of them is required.
 *
 * Shapes name their options in camelCase; in YAML they are snake_case.
 */
export interface OptionTypes {
  text(about: string): z.ZodString
  /** A text that no message, log or status ever shows. */
  secret(about: string): z.ZodString
  /** A file, folder or pattern: `~/` is the home directory, the rest is relative to the file that names it. */
  path(about: string): z.ZodString
  /** The path of a file that is there and can be read, and holds this in PEM form. */
  file(about: string, content?: PemContent): z.ZodString
  /** `http://…` or `https://…` */
  url(about: string): z.ZodString
  /** A URL that no message, log or status ever shows. */
  secretUrl(about: string): z.ZodString
  flag(about: string): z.ZodBoolean
  /** A whole number, at least 0 unless the range says otherwise. */
  count(about: string, range?: { min?: number; max?: number }): z.ZodNumber
  /** `500ms`, `30s`, `5m`, `24h`, `7d`; the range is in milliseconds. */
  duration(about: string, range?: { min?: number; max?: number }): z.ZodType<number, string | number>
  /** `512`, `64KiB`, `5MiB`, `1GiB`, also `MB`; the range is in bytes. */
  size(about: string, range?: { min?: number; max?: number }): z.ZodType<number, string | number>
  /** A LogQL query that selects rows: `{level="error"} |= "text"`. */
  query(about: string): z.ZodString
  /** A regular expression of RE2's syntax, to look for in lines. */
  pattern(about: string): z.ZodString
  /** A text with `{{ $labels.name }}`, as messages about alerts have it. */
  template(about: string): z.ZodString
  /** `127.0.0.1:9680` */
  address(about: string): z.ZodType<Address, string>
  choice<const T extends readonly [string, ...string[]]>(about: string, values: T): z.ZodEnum<{ [K in T[number]]: K }>
  list<T extends z.ZodType>(about: string, item: T): z.ZodArray<T>
  map<T extends z.ZodType>(about: string, value: T): z.ZodRecord<z.ZodString, T>
  group<S extends z.ZodRawShape>(about: string, shape: S): z.ZodObject<S>
  /** For what has no builder; give it a description. */
  z: typeof schemas
}

/** What components use of zod. All of it would bring the messages of sixty languages: 0.4 MB of code. */
const schemas = {
  discriminatedUnion: z.discriminatedUnion,
  enum: z.enum,
  literal: z.literal,
  number: z.number,
  registry: z.registry,
  strictObject: z.strictObject,
  union: z.union
}

/** What zod's types do not tell about an option. */
export type OptionKind =
  | 'secret'
  | 'path'
  | 'file'
  | 'url'
  | 'duration'
  | 'size'
  | 'address'
  | 'query'
  | 'pattern'
  | 'template'
export const kinds: z.core.$ZodRegistry<{ kind: OptionKind }> = z.registry<{ kind: OptionKind }>()

interface Range {
  min?: number
  max?: number
}

export const optionTypes: OptionTypes = {
  text: about => z.string().describe(about),
  secret: about => z.string().min(1).describe(about).register(kinds, { kind: 'secret' }),
  path: about => z.string().min(1).describe(about).register(kinds, { kind: 'path' }),
  file: (about, content) =>
    z
      .string()
      .min(1)
      .refine(path => unusable(path, content) === undefined, { error: ({ input }) => unusable(String(input), content) })
      .describe(about)
      .register(kinds, { kind: 'file' }),
  url: about =>
    z
      .string()
      .refine(isHttpUrl, { error: 'expected a URL, for example "http://127.0.0.1:9200"' })
      .refine(hasPlainUser, { error: userHelp })
      .describe(about)
      .register(kinds, { kind: 'url' }),
  secretUrl: about =>
    z
      .string()
      .refine(isHttpUrl, { error: 'expected a URL that begins with "https://" or "http://"' })
      .refine(hasPlainUser, { error: userHelp })
      .describe(about)
      .register(kinds, { kind: 'secret' }),
  flag: about => z.boolean().describe(about),
  count: (about, range) => {
    const number = z
      .number()
      .int()
      .min(range?.min ?? 0)
    return (range?.max === undefined ? number : number.max(range.max)).describe(about)
  },
  duration: (about, range) =>
    measured(`expected a duration: ${durationHelp}`, readDuration, inRange(range, writeDuration))
      .describe(about)
      .register(kinds, { kind: 'duration' }),
  size: (about, range) =>
    measured(`expected a size: ${sizeHelp}`, readSize, inRange(range, writeSize))
      .describe(about)
      .register(kinds, { kind: 'size' }),
  query: about => z.string().describe(about).register(kinds, { kind: 'query' }),
  pattern: about => z.string().describe(about).register(kinds, { kind: 'pattern' }),
  template: about => z.string().describe(about).register(kinds, { kind: 'template' }),
  address: about =>
    z
      .string({ error: addressHelp })
      .transform((text, context) => settle(readAddress(text), text, context))
      .describe(about)
      .register(kinds, { kind: 'address' }),
  choice: (about, values) => z.enum(values).describe(about),
  list: (about, item) => z.array(item).describe(about),
  map: (about, value) => z.record(z.string(), value).describe(about),
  group: (about, shape) => z.strictObject(shape).describe(about),
  z: schemas
}

function measured(
  help: string,
  read: (text: string | number) => Reading<number>,
  check: (value: number) => string | undefined
) {
  return z.union([z.string(), z.number()], { error: help }).transform((text, context) => {
    const reading = read(text)
    const refused = 'value' in reading ? check(reading.value) : undefined
    return settle(refused === undefined ? reading : { refused }, text, context)
  })
}

function settle<T>(reading: Reading<T>, input: unknown, context: z.RefinementCtx): T {
  if ('value' in reading) return reading.value
  context.addIssue({ code: 'custom', message: reading.refused, input })
  return z.NEVER
}

function inRange(range: Range | undefined, write: (value: number) => string): (value: number) => string | undefined {
  return value => {
    if (range?.min !== undefined && value < range.min) return `at least ${write(range.min)}`
    if (range?.max !== undefined && value > range.max) return `at most ${write(range.max)}`
    return undefined
  }
}

/** Why a file can not be read; nothing where it can. Does not open it: a pipe would wait for its writer. */
function unreadable(path: string): string | undefined {
  try {
    if (statSync(path).isDirectory()) return 'it is a folder'
    accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

function unusable(path: string, content: PemContent | undefined): string | undefined {
  return unreadable(path) ?? (content === undefined ? undefined : pemFault(path, content))
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text)
}

const userHelp = 'in the user and the password of a URL a "%" is written as "%25"'

/** Whether user and password can be read, where there are some. */
function hasPlainUser(text: string): boolean {
  if (!isHttpUrl(text)) return true
  try {
    const { username, password } = new URL(text)
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}
