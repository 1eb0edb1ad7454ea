import type { Binding } from './bind.ts'
import { quoted } from './problems.ts'
import { childOf, entriesOf, type MapNode, type Node, type ScalarNode, textOf } from './tree.ts'
import type { Path } from './wording.ts'

/** A step that makes a metric. */
interface Step {
  readonly name: ScalarNode
  /** Left out: a counter. */
  readonly type: string | undefined
  readonly path: Path
}

/** Two steps that make one metric: nobody could tell their numbers apart. */
export function checkMetrics(tree: MapNode, binding: Binding): void {
  const seen = new Set<string>()
  for (const { name, path } of stepsIn(tree)) {
    const known = name.text.replace(/_total$/, '')
    if (seen.has(known)) binding.report(path, `Duplicate metric ${quoted(name.written)}: another step makes it`)
    seen.add(known)
  }
}

/** Names under which the steps of a configuration show numbers. */
export function metricNames(tree: MapNode): Set<string> {
  return new Set(
    [...stepsIn(tree)].flatMap(({ name: { text }, type = 'counter' }) => {
      if (type === 'gauge') return [text]
      if (type === 'histogram') return [text, `${text}_bucket`, `${text}_sum`, `${text}_count`]
      const bare = text.replace(/_total$/, '')
      return [bare, `${bare}_total`]
    })
  )
}

function* stepsIn(tree: MapNode): Generator<Step> {
  yield* stepsOf(tree, [])
  for (const [name, { node }] of entriesOf(childOf(tree, 'pipelines'))) yield* stepsOf(node, ['pipelines', name])
}

function* stepsOf(owner: Node, path: Path): Generator<Step> {
  const steps = childOf(owner, 'process')
  for (const [index, step] of steps?.kind === 'list' ? steps.items.entries() : []) {
    const metric = childOf(step, 'metrics')
    const name = childOf(metric, 'name')
    if (name?.kind !== 'scalar') continue
    yield { name, type: textOf(metric, 'type'), path: [...path, 'process', index, 'metrics', 'name'] }
  }
}
