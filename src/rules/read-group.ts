import { type Problems, quoted } from '../config/problems.ts'
import type { MapNode } from '../config/tree.ts'
import { Fields } from './fields.ts'
import { readRule } from './read-rule.ts'
import type { Rule, RuleGroup } from './rule.ts'

const keys = ['name', 'interval', 'rows', 'rules']
const unsupported = ['limit', 'query_offset', 'labels', 'partial_response_strategy', 'source_tenants']
const defaultIntervalMs = 5000
const leastIntervalMs = 100

export interface GroupContext {
  /** Whether Loki must be able to run it. */
  readonly loki: boolean
  readonly problems: Problems
}

/** Reads all groups of a file. Those with mistakes are reported, and may be left out. */
export function readGroups(tree: MapNode, context: GroupContext): RuleGroup[] {
  const { problems } = context
  const fields = new Fields(tree, { keys: ['groups'], where: '' }, problems)
  if (!fields.has('groups')) fields.missing('groups')
  const groups = (fields.list('groups')?.items ?? []).map((node, index) => {
    const where = ` in group ${index + 1}`
    if (node.kind === 'map') return readGroup(node, where, context)
    problems.add(node.at, `Cannot use this as group ${index + 1}: expected a map with "name" and "rules"`)
    return undefined
  })
  const whole = groups.filter(group => group !== undefined)
  reportDoubleNames(whole, problems)
  return whole
}

function readGroup(node: MapNode, position: string, context: GroupContext): RuleGroup | undefined {
  const { loki, problems } = context
  const given = node.entries.get('name')?.node
  const where = given?.kind === 'scalar' && given.value !== null ? ` in group ${quoted(given.written)}` : position
  const fields = new Fields(node, { keys, unsupported, where }, problems)
  const name = fields.name('name')
  if (!fields.has('name')) fields.missing('name')
  if (!fields.has('rules')) fields.missing('rules')
  const rows = fields.choice('rows', ['all', 'kept'])
  if (loki && fields.has('rows')) fields.report(fields.placeOf('rows'), `Loki does not know "rows"${where}`)
  const intervalMs = fields.duration('interval', leastIntervalMs) ?? defaultIntervalMs
  const rules = readRules(fields, { ...context, intervalMs })
  if (name === undefined) return undefined
  return { name: name.text, at: name.at, intervalMs, rows: rows ?? 'all', rules }
}

function readRules(fields: Fields, context: GroupContext & { readonly intervalMs: number }): Rule[] {
  const items = fields.list('rules')?.items ?? []
  return items.flatMap((node, index) => {
    const position = `rule ${index + 1}${fields.where.replace(' in ', ' of ')}`
    if (node.kind === 'map') return readRule(node, { ...context, where: ` in ${position}` }) ?? []
    context.problems.add(node.at, `Cannot use this as ${position}: expected a map with "alert" or "record"`)
    return []
  })
}

function reportDoubleNames(groups: readonly RuleGroup[], problems: Problems): void {
  const lines = new Map<string, number>()
  for (const { name, at } of groups) {
    const first = lines.get(name)
    if (first === undefined) lines.set(name, at.line)
    else problems.add(at, `Duplicate group ${quoted(name)}: it stands already in line ${first}`)
  }
}
