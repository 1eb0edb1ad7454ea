import type { Binding } from './bind.ts'
import type { ComponentRegistry, TextCheck } from './define.ts'
import { cannotUse } from './explain.ts'
import type { Problems } from './problems.ts'
import { placeIn, type ScalarNode } from './tree.ts'

/** Queries, patterns and templates are checked by those who run them; these are loaded where there is one. */
export async function checkTexts(binding: Binding, problems: Problems, components: ComponentRegistry): Promise<void> {
  const { queries, templates } = binding
  if (queries.length > 0) checkScalars(queries, await components.queries(), problems)
  if (templates.length > 0) checkScalars(templates, await components.templates(), problems)
  if (binding.patterns.length > 0) await checkPatterns(binding, components)
}

function checkScalars(scalars: readonly ScalarNode[], check: TextCheck, problems: Problems): void {
  for (const scalar of scalars) {
    const fault = check.faultIn(scalar.text)
    if (fault !== undefined) problems.add(placeIn(scalar, fault.at ?? 0), fault.message)
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
