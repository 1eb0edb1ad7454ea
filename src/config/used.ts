import type { ComponentRegistry } from './define.ts'
import { type Components, type ComponentKind, defaultParser, impliedProcessor } from './schema.ts'
import { childOf, entriesOf, type Node, textOf } from './tree.ts'

type Names = Readonly<Record<ComponentKind, ReadonlySet<string>>>

/** Names of the components that a tree asks for, right or wrong. */
export function usedBy(tree: Node): Names {
  const inputs = entriesOf(childOf(tree, 'inputs')).map(([, { node }]) => node)
  const outputs = entriesOf(childOf(tree, 'outputs')).map(([, { node }]) => node)
  const pipelines = entriesOf(childOf(tree, 'pipelines')).map(([, { node }]) => node)
  const steps = [tree, ...pipelines].flatMap(stepsOf)
  return {
    inputs: namesOf(inputs, 'type'),
    outputs: namesOf(outputs, 'type'),
    parsers: new Set([
      defaultParser,
      ...namesOf(inputs, 'parser'),
      ...[...inputs, ...steps.flatMap(optionsOf)].flatMap(parsersOf)
    ]),
    processors: new Set([impliedProcessor, ...steps.flatMap(step => entriesOf(step).map(([name]) => name))])
  }
}

/** Every scalar counts: a name may stand behind a misspelt key. */
function namesOf(nodes: readonly Node[], key: string): Set<string> {
  return new Set(
    nodes
      .flatMap(node => [textOf(node, key), ...entriesOf(node).map(([name]) => textOf(node, name))])
      .filter(text => text !== undefined)
  )
}

/** Of an input or a step. */
function parsersOf(input: Node): string[] {
  const list = childOf(input, 'parsers')
  const all = [childOf(input, 'parser'), ...(list?.kind === 'list' ? list.items : [])].filter(
    node => node !== undefined
  )
  const names = all.flatMap(node => (node.kind === 'scalar' ? [node.text] : []))
  return [...names, ...namesOf(all, 'use')]
}

function stepsOf(node: Node): readonly Node[] {
  const steps = childOf(node, 'process')
  return steps?.kind === 'list' ? steps.items : []
}

function optionsOf(step: Node): Node[] {
  return entriesOf(step).map(([, { node }]) => node)
}

/** Loads those of the registry that are asked for; left out: all. */
export async function loadComponents(registry: ComponentRegistry, used?: Names): Promise<Components> {
  const load = <T>(kind: ComponentKind, loaders: Readonly<Record<string, () => Promise<T>>>): Promise<T[]> =>
    Promise.all(
      Object.keys(loaders)
        .filter(name => used === undefined || used[kind].has(name))
        .map(name => loaders[name]!())
    )
  const [inputs, parsers, processors, outputs] = await Promise.all([
    load('inputs', registry.inputs),
    load('parsers', registry.parsers),
    load('processors', registry.processors),
    load('outputs', registry.outputs)
  ])
  const names = {
    inputs: Object.keys(registry.inputs),
    parsers: Object.keys(registry.parsers),
    processors: Object.keys(registry.processors),
    outputs: Object.keys(registry.outputs)
  }
  return { inputs, parsers, processors, outputs, names }
}
