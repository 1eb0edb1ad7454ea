// The numbers that columns hold, and what they say of a row.

/** What the bytes of a span are. `plain` is text that can stand inside a JSON string as it is (no quote, backslash or control
 * character, valid UTF-8); `text` may need escaping; `jsonText` is the inside of a JSON string that has escapes. */
export const Kind = { absent: 0, text: 1, plain: 2, jsonText: 3, number: 4, boolean: 5, null: 6, json: 7 } as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** What becomes of a row. Only `kept` rows are encoded; the others settle with their range and are counted by name. */
export const Fate = {
  kept: 0,
  filtered: 1,
  sampled: 2,
  throttled: 3,
  deduplicated: 4,
  deadLettered: 5,
  /** Lost: one output is too far behind. */
  evicted: 6
} as const
export type Fate = (typeof Fate)[keyof typeof Fate]

/** Bits of `Batch.flags`. */
export const Flag = {
  /** The row is longer than `max_line_bytes`: only its beginning is here (`log.truncated`). */
  truncated: 1,
  /** The row had no line end when time or the end of its file cut it. */
  unterminated: 2,
  /** The parser did not understand the row; it stays as body with `error.type`. */
  unparsed: 4,
  /** The row's time is the time of reading, since it had none that could be used. */
  timeRead: 8,
  /** From stderr (containers). */
  stderr: 16,
  /** The row has bytes that are not valid UTF-8. */
  invalidUtf8: 32,
  /** An object inside of a JSON field has the key "", which Elasticsearch refuses. */
  emptyKey: 64,
  /** `time` and `nanos` hold the time that the container runtime wrote in front of the row: for rows without one of their own. */
  hasTime: 128
} as const

/** Why a parser refused a row, or what a step could not do with it: the value of `error.type`. Index 0 means none. */
export const parseErrors = [
  '',
  'json',
  'json_duplicate_key',
  'json_depth',
  'utf8',
  'logfmt',
  'time',
  'container',
  'regex',
  'dissect',
  'grok',
  'csv',
  'access',
  'klog',
  'java',
  'python',
  'syslog',
  'postgres',
  'redis',
  'set',
  'rename',
  'convert'
] as const

/** What became of a field of the row: attributes are written out by encoders, consumed ones already are in a column. */
export const Use = { attribute: 0, consumed: 1 } as const
