import type { FollowPlan, OptionsOf } from '../config/define.ts'
import type { OptionTypes } from '../config/option-types.ts'
import { suggestValue } from '../config/suggest.ts'

/** What is suggested instead of a name that nobody knows; any other that `TextDecoder` knows is taken, too. */
const usual =
  'utf-8 utf-16le utf-16be latin1 iso-8859-1 iso-8859-2 iso-8859-15 windows-1250 windows-1251 windows-1252 koi8-r macintosh shift_jis euc-jp iso-2022-jp euc-kr gbk gb18030 big5'.split(
    ' '
  )

/** Options that say how text stands in files. */
export const encodingOptions = (t: OptionTypes) => ({
  encoding: t
    .text(
      'Encoding of the files: `utf-8`, `utf-16le`, `latin1`, `shift_jis`, `gb18030`, or any other that the WHATWG names. A byte order mark at the start of a file is no part of it, and says by itself which UTF it is.'
    )
    .refine(label => nameOf(label) !== undefined, { error: ({ input }) => mended(String(input)) })
    .default('utf-8'),
  lineEnd: t.choice('What ends a line: `lf`, also with CR before it, or `cr` alone.', ['lf', 'cr']).default('lf')
})

/** As `TextDecoder` calls it. */
function nameOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

function mended(label: string): string {
  const meant = suggestValue(label, usual)
  return meant === undefined ? `expected an encoding, for example "utf-16le" or "latin1"` : `did you mean "${meant}"?`
}

type Content = OptionsOf<ReturnType<typeof encodingOptions>>

/** The part of the plan that these options make. */
export function encodingPlan({ encoding, lineEnd }: Content): Pick<FollowPlan, 'encoding' | 'lineEnd'> {
  return { encoding: nameOf(encoding)!, lineEnd }
}
