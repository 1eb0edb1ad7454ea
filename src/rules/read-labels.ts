import { quoted, type Problems } from '../config/problems.ts'
import { type MapNode, placeIn, type ScalarNode } from '../config/tree.ts'
import { Template } from './template.ts'
import { TemplateFault } from './template-tokens.ts'

/** What labels or annotations belong to. */
interface Owner {
  readonly what: 'label' | 'annotation'
  /** ` in alert "X"` */
  readonly where: string
  /** Names that can not be given, and why. */
  readonly taken?: Readonly<Record<string, string>>
}

/** Labels or annotations that are templates. */
export function readTemplates(map: MapNode | undefined, owner: Owner, problems: Problems): Map<string, Template> {
  return read(map, owner, { problems, of: value => templateOf(value, problems) })
}

/** Labels that are texts. */
export function readTexts(map: MapNode | undefined, owner: Owner, problems: Problems): Map<string, string> {
  return read(map, owner, {
    problems,
    of: value => {
      if (!value.text.includes('{{')) return value.text
      const at = placeIn(value, value.text.indexOf('{{'))
      problems.add(at, `Cannot use a template${owner.where}: only labels and annotations of alerts have them`)
      return undefined
    }
  })
}

function read<T>(
  map: MapNode | undefined,
  owner: Owner,
  { problems, of }: { problems: Problems; of: (value: ScalarNode) => T | undefined }
): Map<string, T> {
  const found = new Map<string, T>()
  for (const [name, { keyAt, node }] of map?.entries ?? []) {
    const refused = refusedName(name, owner)
    if (refused !== undefined)
      problems.add(keyAt, `Cannot use ${quoted(name)} as ${article(owner)}${owner.where}: ${refused}`)
    if (node.kind !== 'scalar')
      problems.add(node.at, `Cannot use a ${node.kind} for ${owner.what} "${name}"${owner.where}: expected text`)
    else if (!node.broken) {
      const value = of(node)
      if (value !== undefined) found.set(name, value)
    }
  }
  return found
}

function article({ what }: Owner): string {
  return what === 'label' ? 'a label' : 'an annotation'
}

function refusedName(name: string, { taken }: Owner): string | undefined {
  if (taken !== undefined && Object.hasOwn(taken, name)) return taken[name]
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined
  const mended = name.replaceAll(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d)/, '_')
  return /[A-Za-z0-9]/.test(mended) ? `did you mean "${mended}"?` : 'a name is made of letters, digits and "_"'
}

function templateOf(value: ScalarNode, problems: Problems): Template | undefined {
  try {
    return new Template(value.text)
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error
    problems.add(placeIn(value, error.at), error.message)
    return undefined
  }
}
