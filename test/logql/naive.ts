import { isIPv4 } from 'node:net'

/** A query as tests make it up. */
export interface Query {
  readonly matchers: readonly TextTest[]
  readonly stages: readonly Test[]
}
export type Test = LineTest | LabelTest | ChangeTest
/** What gives a row other labels, or another line. */
export type ChangeTest =
  | { readonly kind: 'json' | 'logfmt' }
  | { readonly kind: 'lineFormat' | 'drop' | 'keep'; readonly names: readonly string[] }
  | { readonly kind: 'rename'; readonly to: string; readonly from: string }
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
  const parts = stages.map(stage => {
    if (stage.kind === 'line') return writtenLine(stage)
    return isChange(stage) ? `| ${writtenChange(stage)}` : `| ${writtenLabel(stage)}`
  })
  return [`{${matchers.map(writtenLabel).join(', ')}}`, ...parts].join(' ')
}

function writtenLine({ operator, any }: LineTest): string {
  return `${operator} ${any.map(text => JSON.stringify(text)).join(' or ')}`
}

export function writtenLabel(test: LabelTest): string {
  if ('left' in test) return `(${writtenLabel(test.left)} ${test.kind} ${writtenLabel(test.right)})`
  if (test.kind === 'text') return `${test.label}${test.operator}${JSON.stringify(test.text)}`
  if (test.kind === 'number') return `${test.label} ${test.operator} ${test.written}`
  return `${test.label}${test.operator}ip("${test.network}")`
}

function isChange(test: LabelTest | ChangeTest): test is ChangeTest {
  return ['json', 'logfmt', 'lineFormat', 'drop', 'keep', 'rename'].includes(test.kind)
}

function writtenChange(test: ChangeTest): string {
  if (test.kind === 'rename') return `label_format ${test.to}=${test.from}`
  if (test.kind === 'lineFormat') return `line_format "${test.names.map(name => `{{.${name}}}`).join(' ')}"`
  return 'names' in test ? `${test.kind} ${test.names.join(', ')}` : test.kind
}

export function selects(query: Query, row: PlainRow): boolean {
  return passed(query, row) !== undefined
}

/** A row as the stages of a query leave it, and what failed on the way. */
export interface PassedRow {
  row: PlainRow
  readonly state: { error: string }
}

/** What becomes of a row, one stage after the other; undefined if one of them leaves it out. */
export function passed({ matchers, stages }: Query, row: PlainRow): PassedRow | undefined {
  const state = { error: '' }
  let now = row
  for (const matcher of matchers) if (!holds(matcher, now, state)) return undefined
  for (const stage of stages) {
    if (stage.kind === 'line') {
      if (!holdsLine(stage, now.line)) return undefined
    } else if (isChange(stage)) now = changed(stage, now, { base: row.labels, state })
    else if (!holds(stage, now, state)) return undefined
  }
  return { row: now, state }
}

interface Before {
  readonly base: PlainRow['labels']
  readonly state: { error: string }
}

function changed(test: ChangeTest, { line, labels }: PlainRow, before: Before): PlainRow {
  switch (test.kind) {
    case 'json':
      return { line, labels: { ...labels, ...taken(jsonPairs(line, before.state), labels, before.base) } }
    case 'logfmt':
      return { line, labels: { ...labels, ...taken(logfmtPairs(line), labels, before.base) } }
    case 'lineFormat':
      return { line: test.names.map(name => labels[name] ?? '').join(' '), labels }
    case 'rename': {
      const { [test.from]: value, ...rest } = labels
      return { line, labels: value === undefined ? labels : { ...rest, [test.to]: value } }
    }
    default: {
      const isKept = (name: string): boolean => test.names.includes(name) === (test.kind === 'keep')
      return { line, labels: Object.fromEntries(Object.entries(labels).filter(([name]) => isKept(name))) }
    }
  }
}

/** A name that the row had from the beginning gets another one; of several with one name the first counts. */
function taken(pairs: readonly (readonly [string, string])[], labels: PlainRow['labels'], base: PlainRow['labels']) {
  const found: Record<string, string> = {}
  for (const [name, value] of pairs) {
    const target = base[name] === undefined ? name : `${name}_extracted`
    if (labels[target] === undefined && found[target] === undefined) found[target] = value
  }
  return found
}

function jsonPairs(line: string, state: { error: string }): [string, string][] {
  try {
    const object = JSON.parse(line) as Record<string, string | number | Record<string, string>>
    if (typeof object !== 'object') throw new Error('This is no object')
    return Object.entries(object).flatMap(([key, value]): [string, string][] =>
      typeof value === 'object'
        ? Object.entries(value).map(([inner, text]) => [`${key}_${inner}`, text])
        : [[key, String(value)]]
    )
  } catch {
    state.error ||= 'JSONParserErr'
    return []
  }
}

function logfmtPairs(line: string): [string, string][] {
  return line.split(' ').flatMap((part): [string, string][] => {
    const found = /^([^="]+)=([^="]+)$/.exec(part)
    return found === null ? [] : [[found[1]!, found[2]!]]
  })
}

function holdsLine({ operator, any }: LineTest, line: string): boolean {
  const has = any.some(text => (operator.endsWith('~') ? new RegExp(text, 's').test(line) : line.includes(text)))
  return has !== operator.startsWith('!')
}

export function holds(test: LabelTest, row: PlainRow, state: { error: string }): boolean {
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
