import type { RowView } from '../row-view.ts'
import { QueryFault, type Text } from '../syntax.ts'

type Part = (view: RowView) => string

export interface Template {
  readonly names: readonly string[]
  write(view: RowView): string
}

/** A text with labels in it, `{{.method}} {{.path}}`; a label that is not there is empty. */
export function readTemplate({ value, at }: Text): Template {
  const names: string[] = []
  const parts: Part[] = []
  let last = 0
  for (const found of value.matchAll(/\{\{-?([^]*?)-?\}\}/g)) {
    const before = value.slice(last, found.index)
    parts.push(() => before)
    parts.push(partOf(found[1]!.trim(), at + found.index, names))
    last = found.index + found[0].length
  }
  const rest = value.slice(last)
  if (rest.includes('{{')) throw new QueryFault('A "{{" has no "}}"', at + last + rest.indexOf('{{'))
  parts.push(() => rest)
  return { names, write: view => parts.map(part => part(view)).join('') }
}

function partOf(action: string, at: number, names: string[]): Part {
  if (action === '__line__') return view => view.line
  const name = /^\.([A-Za-z_]\w*)$/.exec(action)?.[1]
  if (name === undefined)
    throw new QueryFault(
      `Cannot use "{{${action}}}": templates know labels, {{.name}}, and {{__line__}}, but no functions`,
      at
    )
  names.push(name)
  return view => view.get(name) ?? ''
}
