import type { RuleFile } from '../config/config.ts'
import { type Problem, Problems, quoted } from '../config/problems.ts'
import { readText } from '../config/text.ts'
import type { Place } from '../config/tree.ts'
import { readTree } from '../config/yaml.ts'
import { type GroupContext, readGroups } from './read-group.ts'
import type { Rule, RuleGroup } from './rule.ts'

export type LoadedRules = { readonly groups: readonly RuleGroup[] } | { readonly problems: readonly Problem[] }

/**
 * Reads rule files and answers with their groups in this order, or with all mistakes in them, sorted. Never throws for what stands in a
 * file. `${…}` is text here: regular expressions and templates have dollar signs of their own.
 */
export function loadRules(files: readonly string[], { loki }: { readonly loki: boolean }): LoadedRules {
  const problems = new Problems(files)
  const read = files.flatMap(file => {
    const text = readText(file, problems)
    return text === undefined ? [] : [{ file, text }]
  })
  const groups = groupsOf(read, { loki, problems })
  return problems.any ? { problems: problems.sorted() } : { groups }
}

/** Reports all mistakes in files that a configuration names, whose steps make metrics of the names that are taken. */
export function checkRules(files: readonly RuleFile[], taken: ReadonlySet<string>, problems: Problems): void {
  const groups = groupsOf(files, { loki: false, problems })
  checked.set(files, groups)
  for (const { kind, name, at } of groups.flatMap(({ rules }) => rules)) {
    if (kind === 'record' && taken.has(name))
      problems.add(at, `Cannot use ${quoted(name)} for "record": a "metrics" step makes that metric`)
  }
}

/** A start asks four times more for what it has checked. Measured, for ten rules: the check takes 55 ms, and the others would as much
 * together. */
const checked = new WeakMap<readonly RuleFile[], readonly RuleGroup[]>()

/** Groups of files that were checked. */
export function rulesIn(files: readonly RuleFile[]): readonly RuleGroup[] {
  return checked.get(files) ?? groupsOf(files, { loki: false, problems: new Problems([]) })
}

function groupsOf(files: readonly RuleFile[], { loki, problems }: GroupContext): RuleGroup[] {
  const groups = files.flatMap(({ file, text }) => {
    const tree = readTree(text, { file, begins: 'groups:', known: ['groups'] }, problems)
    return tree === undefined ? [] : readGroups(tree, { loki, problems })
  })
  reportDoubles(groups, problems)
  return groups
}

/** Name and labels are what an alert or a series is known by, wherever its rule stands. */
function reportDoubles(groups: readonly RuleGroup[], problems: Problems): void {
  const places = new Map<string, Place>()
  for (const rule of groups.flatMap(({ rules }) => rules)) {
    const id = identityOf(rule)
    const first = places.get(id)
    if (first === undefined) places.set(id, rule.at)
    else {
      const line = first.file === rule.at.file ? `line ${first.line}` : `${first.file}, line ${first.line}`
      problems.add(
        rule.at,
        `Duplicate ${rule.kind} ${quoted(rule.name)} with the same labels: it stands already in ${line}`
      )
    }
  }
}

/** The same wherever a rule stands, and whatever its expression is. */
export function identityOf({ kind, name, labels }: Rule): string {
  const pairs = [...labels].map(([label, value]) => [label, typeof value === 'string' ? value : value.text])
  return JSON.stringify([kind, name, pairs.toSorted(([a], [b]) => (a! < b! ? -1 : 1))])
}
