import { exponential, fixed, general, humanize, humanize1024, humanizeDuration, humanizePercentage } from './numbers.ts'

export type Value = string | number

/** Functions of one value. */
export const functions: Readonly<Record<string, (value: Value) => Value>> = {
  humanize: ofNumber(humanize),
  humanize1024: ofNumber(humanize1024),
  humanizeDuration: ofNumber(humanizeDuration),
  humanizePercentage: ofNumber(humanizePercentage),
  title: value => shown(value).replaceAll(/(?<![\p{L}\p{N}_'])\p{L}/gu, letter => letter.toUpperCase()),
  toLower: value => shown(value).toLowerCase(),
  toUpper: value => shown(value).toUpperCase()
}

export function shown(value: Value): string {
  return typeof value === 'string' ? value : general(value)
}

/** A label may hold anything: what is no number stays as it is. */
function ofNumber(write: (value: number) => string): (value: Value) => string {
  return value => {
    const number = numberOf(value)
    return number === undefined ? String(value) : write(number)
  }
}

function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value) ? Number(value) : undefined
}

type Write = (value: Value) => string

/** A format of `printf`: texts, and what writes the values between them; or the first verb that is not supported. */
export function readFormat(format: string): { readonly parts: readonly (string | Write)[] } | FormatFault {
  const parts: (string | Write)[] = []
  let end = 0
  for (const found of format.matchAll(/%(?:%|(?:\.(\d{1,2}))?([svefg])|)/g)) {
    parts.push(format.slice(end, found.index))
    end = found.index + found[0].length
    if (found[0] === '%')
      return { unknown: /^%[^A-Za-z]*[A-Za-z]?/.exec(format.slice(found.index))![0], at: found.index }
    parts.push(found[2] === undefined ? '%' : writer(found[2], found[1] === undefined ? undefined : Number(found[1])))
  }
  parts.push(format.slice(end))
  return { parts: parts.filter(part => part !== '') }
}

interface FormatFault {
  readonly unknown: string
  readonly at: number
}

function writer(verb: string, digits: number | undefined): Write {
  switch (verb) {
    case 'f':
      return ofNumber(value => fixed(value, digits ?? 6))
    case 'e':
      return ofNumber(value => exponential(value, digits ?? 6))
    case 'g':
      return ofNumber(value => general(value, digits))
    default:
      return value => shown(typeof value === 'number' && digits !== undefined ? general(value, digits) : value)
  }
}
