import { parseErrors } from '../../core/row.ts'
import { type Fragment, fragment } from '../copy.ts'
import { type Names, flagText } from './document.ts'

/** The text between the values of a row. */
export interface RowTexts {
  readonly service: Fragment
  readonly trace: Fragment
  readonly span: Fragment
  readonly agent: Fragment
  readonly message: Fragment
  readonly errors: readonly Fragment[]
  readonly flags: readonly Fragment[]
  readonly openAttributes: Fragment
  readonly endAttributes: Fragment
  readonly end: Fragment
}

export function rowTexts(names: Names, isOtel: boolean): RowTexts {
  return {
    service: before(names.service),
    trace: before(names.trace),
    span: before(names.span),
    agent: before(names.agent),
    message: isOtel ? fragment(',"body":{"text":') : before(names.message),
    errors: parseErrors.map(error => fragment(`,${JSON.stringify(names.error)}:${JSON.stringify(error)}`)),
    flags: Array.from({ length: 256 }, (_, flags) => fragment(`,${flagText(names, flags)}`.replace(/,$/, ''))),
    openAttributes: fragment(',"attributes":'),
    endAttributes: fragment('}'),
    end: fragment(isOtel ? '}}\n' : '}\n')
  }
}

function before(name: string): Fragment {
  return fragment(`,${JSON.stringify(name)}:`)
}
