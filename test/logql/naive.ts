import { isIPv4 } from 'node:net'

/** A query as tests make it up. */
export interface Query {
  readonly matchers: readonly TextTest[]
  readonly stages: readonly Test[]
}
export type Test = LineTest | LabelTest
export interface LineTest {
  readonly kind: 'line'
  readonly operator: '|=' | '!=' | '|~' | '!~'
  readonly any: readonly string[]
}
export interface TextTest {
  readonly kind: 'text'
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly text: string
}
export type LabelTest =
  | TextTest
  | { readonly kind: 'number'; readonly label: string; readonly operator: string; readonly written: string }
  | { readonly kind: 'ip'; readonly label: string; readonly operator: '=' | '!='; readonly network: string }
  | { readonly kind: 'and' | 'or'; readonly left: LabelTest; readonly right: LabelTest }

/** A row as nobody would keep it: an object with all its labels. */
export interface PlainRow {
  readonly line: string
  readonly labels: Readonly<Record<string, string>>
}

export function written({ matchers, stages }: Query): string {
  const parts = stages.map(stage => (stage.kind === 'line' ? writtenLine(stage) : `| ${writtenLabel(stage)}`))
  return [`{${matchers.map(writtenLabel).join(', ')}}`, ...parts].join(' ')
}

function writtenLine({ operator, any }: LineTest): string {
  return `${operator} ${any.map(text => JSON.stringify(text)).join(' or ')}`
}

function writtenLabel(test: LabelTest): string {
  if ('left' in test) return `(${writtenLabel(test.left)} ${test.kind} ${writtenLabel(test.right)})`
  if (test.kind === 'text') return `${test.label}${test.operator}${JSON.stringify(test.text)}`
  if (test.kind === 'number') return `${test.label} ${test.operator} ${test.written}`
  return `${test.label}${test.operator}ip("${test.network}")`
}

/** What the query says of a row, one stage after the other. */
export function selects({ matchers, stages }: Query, row: PlainRow): boolean {
  const state = { error: '' }
  for (const matcher of matchers) if (!holds(matcher, row, state)) return false
  for (const stage of stages) {
    if (!(stage.kind === 'line' ? holdsLine(stage, row.line) : holds(stage, row, state))) return false
  }
  return true
}

function holdsLine({ operator, any }: LineTest, line: string): boolean {
  const has = any.some(text => (operator.endsWith('~') ? new RegExp(text, 's').test(line) : line.includes(text)))
  return has !== operator.startsWith('!')
}

function holds(test: LabelTest, row: PlainRow, state: { error: string }): boolean {
  if ('left' in test) {
    const left = holds(test.left, row, state)
    if (test.kind === 'or') return left || holds(test.right, row, state)
    const right = holds(test.right, row, state)
    return left && right
  }
  const value = test.label === '__error__' ? state.error : row.labels[test.label]
  if (test.kind === 'text') {
    const isEqual = test.operator.endsWith('~')
      ? new RegExp(`^(?:${test.text})$`).test(value ?? '')
      : (value ?? '') === test.text
    return isEqual !== test.operator.startsWith('!')
  }
  if (value === undefined) return false
  if (test.kind === 'ip') {
    const [, prefix] = /^(\d+)\./.exec(test.network)!
    const isInside = isIPv4(value) && value.startsWith(`${prefix}.`)
    return isInside !== (test.operator === '!=')
  }
  return holdsNumber(test.operator, test.written, value, state)
}

const units: Readonly<Record<string, number>> = { '': 1, ms: 1e6, s: 1e9, m: 60e9, B: 1, KB: 1000, KiB: 1024, MB: 1e6 }

function numberIn(text: string): { value: number; isDuration: boolean; isBytes: boolean } | undefined {
  const [, count, unit] = /^(-?\d+(?:\.\d+)?)(|ms|s|m|B|KB|KiB|MB)$/.exec(text) ?? []
  if (count === undefined) return undefined
  return { value: Number(count) * units[unit!]!, isDuration: /^(?:ms|s|m)$/.test(unit!), isBytes: unit!.endsWith('B') }
}

function holdsNumber(operator: string, wanted: string, text: string, state: { error: string }): boolean {
  const than = numberIn(wanted)!
  const found = numberIn(text)
  const isBare = found !== undefined && !found.isBytes && !found.isDuration
  const fits = than.isDuration
    ? found?.isDuration || text === '0'
    : than.isBytes
      ? found?.isBytes || (isBare && found.value >= 0)
      : isBare
  if (!fits) {
    state.error ||= 'LabelFilterErr'
    return true
  }
  const { value } = found!
  switch (operator) {
    case '=':
    case '==':
      return value === than.value
    case '!=':
      return value !== than.value
    case '>':
      return value > than.value
    case '>=':
      return value >= than.value
    case '<':
      return value < than.value
    default:
      return value <= than.value
  }
}
