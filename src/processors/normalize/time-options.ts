import type { OptionTypes } from '../../config/option-types.ts'
import { formatFault } from '../../scan/strptime-steps.ts'

/** Options of steps that read times. */
export function timeOptions(types: OptionTypes, also = '') {
  return {
    zone: types
      .text('Time zone of times that name none: an IANA name, as Europe/Berlin.')
      .refine(isZone, { error: 'expected a time zone, for example "Europe/Berlin"' })
      .default('UTC'),
    timeFormats: types
      .list(
        `Forms of time stamps besides those known by themselves, as strptime has them; tried first${also}.`,
        types
          .text('A format: %Y %y %m %d %e %j %b %B %a %A %H %I %p %M %S %f %L %N %s %z %Z %F %T %D %R %%.')
          .refine(text => formatFault(text) === undefined, { error: ({ input }) => formatFault(String(input)) ?? '' })
      )
      .default([])
  }
}

function isZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
