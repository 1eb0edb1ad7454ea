import { type Problem, Problems, quoted } from '../config/problems.ts'
import { readText } from '../config/text.ts'
import type { Place } from '../config/tree.ts'
import { readTree } from '../config/yaml.ts'
import { readGroups } from './read-group.ts'
import type { Rule, RuleGroup } from './rule.ts'

export type LoadedRules = { readonly groups: readonly RuleGroup[] } | { readonly problems: readonly Problem[] }

/**
 * Reads rule files and answers with their groups in this order, or with all mistakes in them, sorted. Never throws for what stands in a
 * file. `${…}` is text here: regular expressions and templates have dollar signs of their own.
 */
export function loadRules(files: readonly string[], { loki }: { readonly loki: boolean }): LoadedRules {
  const problems = new Problems(files)
  const groups = files.flatMap(file => {
    const text = readText(file, problems)
    const tree = text === undefined ? undefined : readTree(text, { file, begins: 'groups:' }, problems)
    return tree === undefined ? [] : readGroups(tree, { loki, problems })
  })
  reportDoubles(groups, problems)
  return problems.any ? { problems: problems.sorted() } : { groups }
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

function identityOf({ kind, name, labels }: Rule): string {
  const pairs = [...labels].map(([label, value]) => [label, typeof value === 'string' ? value : value.text])
  return JSON.stringify([kind, name, pairs.toSorted(([a], [b]) => (a! < b! ? -1 : 1))])
}
