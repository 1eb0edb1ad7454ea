import { Flag } from '../core/row.ts'

const names: readonly (readonly [number, string])[] = [
  [Flag.truncated, 'truncated'],
  [Flag.unterminated, 'unterminated'],
  [Flag.timeRead, 'time_read'],
  [Flag.invalidUtf8, 'invalid_utf8']
]

/** What `log.flags` says of a row. */
export function flagNamesOf(flags: number): string[] {
  return names.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name)
}
