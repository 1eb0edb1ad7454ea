import type { Problems } from './problems.ts'
import type { Entry, MapNode, Place } from './tree.ts'

const formatVersion = 1

/**
 * Puts the trees of several files together. Sections merge by the names in them; a name that stands in two files is a mistake,
 * for nobody could say which one holds.
 */
export function mergeTrees(trees: readonly MapNode[], problems: Problems): MapNode {
  const merged: MapNode = { kind: 'map', at: trees[0]!.at, entries: new Map() }
  for (const tree of trees) {
    checkVersion(tree, problems)
    for (const [name, entry] of tree.entries) {
      const known = merged.entries.get(name)
      if (known === undefined) merged.entries.set(name, copyOf(entry))
      else if (name !== 'version') mergeEntry(name, known, entry, problems)
    }
  }
  return merged
}

function mergeEntry(name: string, into: Entry, from: Entry, problems: Problems): void {
  if (into.node.kind !== 'map' || from.node.kind !== 'map') {
    problems.add(from.keyAt, duplicate(name, into.keyAt))
    return
  }
  for (const [key, entry] of from.node.entries) {
    const known = into.node.entries.get(key)
    if (known) problems.add(entry.keyAt, duplicate(`${name}.${key}`, known.keyAt))
    else into.node.entries.set(key, entry)
  }
}

function duplicate(name: string, first: Place): string {
  return `Duplicate "${name}": it stands already in ${first.file}:${first.line}`
}

/** Sections are merged in place, so the first file's own maps must not be touched. */
function copyOf(entry: Entry): Entry {
  const { keyAt, node } = entry
  return node.kind === 'map' ? { keyAt, node: { ...node, entries: new Map(node.entries) } } : entry
}

/** Every file says its version: then a later format can be told from a mistake. */
function checkVersion(tree: MapNode, problems: Problems): void {
  const version = tree.entries.get('version')
  if (version === undefined) {
    problems.add(tree.at, `Missing "version": begin the file with "version: ${formatVersion}"`)
    return
  }
  const { node } = version
  if (node.kind === 'scalar' && (node.value === formatVersion || node.broken)) return
  const written = node.kind === 'scalar' ? ` ${node.written}` : ''
  if (written.trim() === String(formatVersion))
    return problems.add(node.at, `Cannot use a text for "version": write it without quotes, as ${formatVersion}`)
  problems.add(node.at, `Unknown version${written}: did you mean ${formatVersion}?`)
}
