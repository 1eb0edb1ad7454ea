import type { Labels } from '../evaluate/sample.ts'
import type { RangeAggregation } from '../metric-syntax.ts'
import { labelsOfStream } from '../names.ts'
import { namesOfGroups, namesOfParts } from '../stages/text-patterns.ts'
import { type LogQuery, QueryFault, type RowStage, type Stage } from '../syntax.ts'

/** The labels whose values make a group of the rows of a range aggregation. */
export interface GroupLabels {
  /** In order of the alphabet. */
  readonly names: readonly string[]
  /** Of the source too: all its constant fields but `names` and these. */
  readonly butOfSource: readonly string[] | undefined
}

/** What stands around a range aggregation asks for. */
export interface Asked {
  /** No other labels matter. */
  readonly by?: readonly string[]
  /** These matter, whether they are labels of the stream or not. */
  readonly also: readonly string[]
  /** These do not matter. */
  readonly without: readonly string[]
  /** Where something is said by leaving labels out. */
  readonly withoutAt?: number
}

/** Throws `QueryFault` where a parser finds labels whose names nobody knows before. */
export function groupLabels({ operation, log, unwrap, grouping }: RangeAggregation, asked: Asked): GroupLabels {
  if (operation === 'absent_over_time') return only([])
  if (grouping?.isBy === true) return only(grouping.labels)
  if (asked.by !== undefined) return only(asked.by)
  const found = labelsBehind(log.stages)
  if (found.parser !== undefined) {
    const { kind, at } = found.parser
    const way = `${kind} finds labels that are not known before: say which ones make a series`
    const advice = 'with by (…) at this aggregation or at a sum of it, or with | keep …'
    throw new QueryFault(`${way}, ${advice}`, grouping?.at ?? asked.withoutAt ?? at)
  }
  const without = new Set([
    ...(grouping?.labels ?? []),
    ...asked.without,
    ...(unwrap === undefined ? [] : [unwrap.label])
  ])
  const names = [...found.names, ...asked.also].filter(name => !without.has(name))
  const { names: sorted } = only(names)
  return { names: sorted, butOfSource: found.isStream ? [...without] : undefined }
}

function only(names: readonly string[]): GroupLabels {
  return { names: [...new Set(names)].sort(), butOfSource: undefined }
}

/** What is known of the rows that are not there: what the selector says of labels, once and with `=`. */
export function labelsOfAbsence({ matchers }: LogQuery): Labels {
  const known = matchers.filter(({ label, operator, text }) => {
    const isOnly = matchers.filter(other => other.label === label).length === 1
    return isOnly && operator === '=' && text.value !== ''
  })
  const pairs = known.map(({ label, text }): [string, string] => [label, text.value])
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

interface Found {
  readonly names: readonly string[]
  /** The constant fields of the source are labels still. */
  readonly isStream: boolean
  /** What finds any labels. */
  readonly parser: (RowStage & { readonly at: number }) | undefined
}

/** The labels that a row may have behind some stages, as far as a series is told by them. */
function labelsBehind(stages: readonly Stage[]): Found {
  let found: Found = { names: labelsOfStream, isStream: true, parser: undefined }
  for (const stage of stages) {
    const names = [...found.names, ...namesOf(stage)]
    if (stage.kind === 'keep') found = { names: namesOf(stage), isStream: false, parser: undefined }
    else if (findsAny(stage)) found = { ...found, parser: found.parser ?? stage }
    else found = { ...found, names }
  }
  return found
}

function findsAny(stage: Stage): stage is RowStage & { readonly at: number } {
  return stage.kind === 'unpack' || ((stage.kind === 'json' || stage.kind === 'logfmt') && stage.fields.length === 0)
}

/** Labels that a stage sets, moves or takes away: their values have to be looked at. */
function namesOf(stage: Stage): readonly string[] {
  switch (stage.kind) {
    case 'json':
    case 'logfmt':
      return extracted(stage.fields.map(({ label }) => label))
    case 'pattern':
      return extracted(namesOfParts(stage.text))
    case 'regexp':
      return extracted(namesOfGroups(stage.text))
    case 'labelFormat':
      return typeof stage.from === 'string' ? [stage.label, stage.from] : [stage.label]
    case 'drop':
    case 'keep':
      return stage.labels.map(one => (typeof one === 'string' ? one : one.label)).filter(name => name !== '__error__')
    default:
      return []
  }
}

function extracted(names: readonly string[]): string[] {
  return names.flatMap(name => [name, `${name}_extracted`])
}
