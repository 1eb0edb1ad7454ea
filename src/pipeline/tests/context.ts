import type { Problems } from '../../config/problems.ts'
import type { Node } from '../../config/tree.ts'
import type { Fields } from '../../rules/fields.ts'
import type { Plan } from '../plan.ts'

/** What parts of a test need to know of it. */
export interface TestContext {
  readonly problems: Problems
  readonly plan: Plan
  /** Paths are relative to it. */
  readonly folder: string
  /** ` in test "a"` */
  readonly where: string
  /** Epoch ms. */
  readonly nowMs: number
}

/** A text, or a list of them; undefined: the key is not there. */
export function textsOf(fields: Fields, key: string, expected: string): string[] | undefined {
  if (!fields.has(key)) return undefined
  const one = fields.text(key)
  if (one !== undefined) return [one.text]
  return (fields.list(key)?.items ?? []).flatMap((node: Node) => {
    if (node.kind === 'scalar') return node.broken ? [] : [node.text]
    fields.report(node.at, `Cannot use a ${node.kind} for "${key}"${fields.where}: expected ${expected}`)
    return []
  })
}
