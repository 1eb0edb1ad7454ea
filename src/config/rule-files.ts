import { globSync } from 'node:fs'
import type { Binding } from './bind.ts'
import type { RuleFile } from './config.ts'
import { type Environment, resolvePath } from './paths.ts'
import { type Problems, quoted } from './problems.ts'
import { readText } from './text.ts'
import { childOf, type MapNode } from './tree.ts'

export interface RuleFilesContext {
  readonly binding: Binding
  readonly env: Environment
  readonly problems: Problems
  /** Told of each file before it is read. */
  readonly onFile: ((path: string) => void) | undefined
}

/** Tests of rules may stand beside them. */
export function isNoTest(file: string): boolean {
  return !/\.test\.ya?ml$/.test(file)
}

/** Reads the files that `rules.files` names, each once. A pattern that no file matches is a mistake: its rules would be silent. */
export function readRuleFiles(tree: MapNode, { binding, env, problems, onFile }: RuleFilesContext): RuleFile[] {
  const list = childOf(childOf(tree, 'rules'), 'files')
  const found = new Set<string>()
  for (const [index, node] of (list?.kind === 'list' ? list.items : []).entries()) {
    if (node.kind !== 'scalar' || node.text === '' || node.broken) continue
    const path = resolvePath(node.text, node.at.file, env)
    const files = /[*?[{]/.test(path) ? globSync(path).filter(isNoTest).toSorted() : [path]
    if (files.length === 0) binding.report(['rules', 'files', index], `No file matches ${quoted(node.written)}`)
    for (const file of files) found.add(file)
  }
  return [...found].flatMap(file => {
    onFile?.(file)
    problems.alsoOf(file)
    const text = readText(file, problems)
    return text === undefined ? [] : [{ file, text }]
  })
}
