import type { Binding } from './bind.ts'
import type { ComponentRegistry } from './define.ts'
import { cannotUse } from './explain.ts'
import type { Problems } from './problems.ts'
import { placeIn } from './tree.ts'

/** Queries and patterns are checked by those who run them; these are loaded where there is one. */
export async function checkTexts(binding: Binding, problems: Problems, components: ComponentRegistry): Promise<void> {
  if (binding.queries.length > 0) await checkQueries(binding, problems, components)
  if (binding.patterns.length > 0) await checkPatterns(binding, components)
}

async function checkQueries({ queries }: Binding, problems: Problems, components: ComponentRegistry): Promise<void> {
  const check = await components.queries()
  for (const query of queries) {
    const fault = check.faultIn(query.text)
    if (fault !== undefined) problems.add(placeIn(query, fault.at ?? 0), fault.message)
  }
}

async function checkPatterns(binding: Binding, components: ComponentRegistry): Promise<void> {
  const check = await components.patterns()
  for (const { path, node } of binding.patterns) {
    const fault = binding.isSettled(path) ? undefined : check.faultIn(node.text)
    if (fault === undefined) continue
    const why = node.substituted ? 'what it stands for has the wrong form' : fault.message
    const place = fault.at === undefined ? '' : ` (character ${Array.from(node.text.slice(0, fault.at)).length + 1})`
    binding.report(path, cannotUse(node, path, why + place))
  }
}
