import type { Condition } from '../conditions.ts'
import type { RowView } from '../row-view.ts'
import type { LabelFilter, RowStage, Stage, TextFilter } from '../syntax.ts'
import { extractMembers, extractPaths, unpack } from './json.ts'
import { extractPairs } from './logfmt.ts'
import { readTemplate } from './template.ts'
import { extractGroups, extractParts } from './text-patterns.ts'

/** Changes a row. */
export type Change = (view: RowView, row: number) => void

/** Makes a condition on the labels of the view. */
export type Ask = (filter: LabelFilter) => Condition

const colors = new RegExp(String.raw`\u001b\[[0-9;]*[A-Za-z]`, 'g')

export function changeOf(stage: RowStage, ask: Ask): Change {
  switch (stage.kind) {
    case 'json':
      return stage.fields.length === 0 ? extractMembers : extractPaths(stage.fields)
    case 'logfmt':
      return extractPairs(stage)
    case 'pattern':
      return extractParts(stage.text)
    case 'regexp':
      return extractGroups(stage.text)
    case 'unpack':
      return unpack
    case 'decolorize':
      return view => view.setLine(view.line.replaceAll(colors, ''))
    case 'lineFormat': {
      const template = readTemplate(stage.text)
      return view => view.setLine(template.write(view))
    }
    case 'labelFormat':
      return labelFormat(stage)
    case 'drop':
      return drop(stage.labels, ask)
    default:
      return keep(stage.labels, ask)
  }
}

/** A label of another name moves; a template writes a new one. */
function labelFormat({ label, from }: RowStage & { kind: 'labelFormat' }): Change {
  if (typeof from !== 'string') {
    const template = readTemplate(from)
    return view => view.set(label, template.write(view))
  }
  return view => {
    const value = view.get(from)
    if (value === undefined) return
    view.remove(from)
    view.set(label, value)
  }
}

type Labels = readonly (string | TextFilter)[]

interface Chosen {
  readonly name: string
  readonly condition: Condition | undefined
}

function chosenBy(labels: Labels, ask: Ask): Chosen[] {
  return labels.map(one => {
    return typeof one === 'string' ? { name: one, condition: undefined } : { name: one.label, condition: ask(one) }
  })
}

function drop(labels: Labels, ask: Ask): Change {
  const all = chosenBy(labels, ask)
  return (view, row) => {
    for (const { name, condition } of all) if (condition === undefined || condition.holds(row)) view.remove(name)
  }
}

function keep(labels: Labels, ask: Ask): Change {
  const all = chosenBy(labels, ask)
  return (view, row) => {
    const kept = new Map<string, string>()
    for (const { name, condition } of all) {
      const value = condition === undefined || condition.holds(row) ? view.get(name) : undefined
      if (value !== undefined) kept.set(name, value)
    }
    view.keepOnly(kept)
  }
}

/** Labels that a stage asks for. */
export function namesIn(stage: Stage): readonly string[] {
  switch (stage.kind) {
    case 'text':
    case 'number':
    case 'ip':
      return [stage.label]
    case 'and':
    case 'or':
      return [...namesIn(stage.left), ...namesIn(stage.right)]
    case 'lineFormat':
      return readTemplate(stage.text).names
    case 'labelFormat':
      return typeof stage.from === 'string' ? [stage.from] : readTemplate(stage.from).names
    case 'drop':
    case 'keep':
      return stage.labels.map(one => (typeof one === 'string' ? one : one.label))
    case 'logfmt':
      return stage.fields.map(({ label }) => label)
    default:
      return []
  }
}
