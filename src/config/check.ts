import { makers } from '../core/steps.ts'
import type { Binding } from './bind.ts'
import { checkMetrics } from './check-metrics.ts'
import { checkRules } from './check-rules.ts'
import { deliveryDefaults } from './delivery-defaults.ts'
import { quoted } from './problems.ts'
import { impliedProcessor } from './schema.ts'
import { suggestValue } from './suggest.ts'
import { childOf, entriesOf, isEmpty, type MapNode, type Node, type Place, type ScalarNode, textOf } from './tree.ts'
import { isLoopback, readAddress, readDuration, readSize, type Reading } from './units.ts'
import { oneOf, whereOf, type Path } from './wording.ts'

/** What one value alone can not tell: references, and options that must fit together. Works on the tree, so that it also runs
 * where other mistakes keep zod from giving a value. */
export function crossCheck(tree: MapNode, binding: Binding): void {
  checkNames(tree, binding)
  checkNotEmpty(tree, binding)
  checkSteps(childOf(tree, 'process'), ['process'], binding)
  for (const [name, { node }] of entriesOf(childOf(tree, 'pipelines'))) {
    checkSteps(childOf(node, 'process'), ['pipelines', name, 'process'], binding)
    checkReferences(tree, node, { name, binding })
  }
  checkMetrics(tree, binding)
  checkTwice(tree, binding)
  checkServer(childOf(tree, 'server'), binding)
  checkRules(childOf(tree, 'rules'), binding)
  for (const [name, { node }] of entriesOf(childOf(tree, 'inputs'))) checkParsers(node, ['inputs', name], binding)
  for (const [name, { node }] of entriesOf(childOf(tree, 'outputs'))) checkDelivery(node, ['outputs', name], binding)
}

/** Names are parts of ids in the state directory, of metrics and of API paths. */
function checkNames(tree: MapNode, binding: Binding): void {
  for (const section of ['inputs', 'outputs', 'pipelines']) {
    for (const [name, { keyAt }] of entriesOf(childOf(tree, section))) {
      if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) continue
      const mended = name
        .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
        .replaceAll(/^[^A-Za-z0-9]+|-+$/g, '')
        .slice(0, 64)
      const hint = mended === '' ? '' : `: did you mean "${mended}"?`
      binding.report([section, name, ''], `A name is made of letters, digits, "_", "-" and "."${hint}`, keyAt)
    }
  }
}

function checkNotEmpty(tree: MapNode, binding: Binding): void {
  for (const section of ['inputs', 'outputs']) {
    const entry = tree.entries.get(section)
    const empty = entry && (isEmpty(entry.node) || (entry.node.kind === 'map' && entry.node.entries.size === 0))
    if (empty) binding.report([section], `Cannot run without ${section}: name at least one`, entry.keyAt)
  }
}

function checkSteps(steps: Node | undefined, path: Path, binding: Binding): void {
  if (steps?.kind !== 'list') return
  const names = steps.items.map(step => entriesOf(step).map(([name]) => name))
  for (const [index, step] of steps.items.entries()) {
    if (step.kind === 'map' && names[index]!.length !== 1) {
      binding.report([...path, index], 'A step is a map of one key, the name of its processor: begin each with "- "')
    }
    if (index > 0 && names[index]!.includes(impliedProcessor)) {
      binding.report(
        [...path, index],
        `Step "${impliedProcessor}" is always the first: move its options to the top, once`
      )
    }
    const before = names.slice(0, index).flatMap(([name]) => (name === undefined || makers.has(name) ? [] : [name]))[0]
    if (before !== undefined && names[index]!.includes('redact')) {
      binding.report(
        [...path, index],
        `Step "redact" must stand before "${before}": rules, agents and tail see rows ahead of that one`
      )
    }
  }
}

function checkReferences(tree: MapNode, pipeline: Node, { name, binding }: { name: string; binding: Binding }): void {
  for (const section of ['inputs', 'outputs']) {
    const known = entriesOf(childOf(tree, section)).map(([name]) => name)
    const list = childOf(pipeline, section)
    if (list?.kind !== 'list') continue
    const seen = new Set<string>()
    if (list.items.length === 0)
      binding.report(['pipelines', name, section], `Cannot use an empty list for "${section}"`)
    for (const [index, item] of list.items.entries()) {
      if (item.kind !== 'scalar' || item.broken) continue
      const path = ['pipelines', name, section, index]
      if (seen.has(item.text))
        binding.report(path, `Duplicate name ${quoted(item.written)}${whereOf(path.slice(0, -1))}`)
      else if (!known.includes(item.text)) binding.report(path, unknownName(section, item, known))
      seen.add(item.text)
    }
  }
}

/** Two pipelines that share an input and an output: all rows of the one would be in the other twice. */
function checkTwice(tree: MapNode, binding: Binding): void {
  const routes = new Map<string, string>()
  for (const [name, { node, keyAt }] of entriesOf(childOf(tree, 'pipelines'))) {
    const inputs = new Set(usedOf(tree, node, 'inputs').map(({ text }) => text))
    for (const { text: output, at } of usedOf(tree, node, 'outputs')) {
      const twice = [...inputs].find(input => routes.has(idOf(input, output)))
      if (twice !== undefined) {
        const other = routes.get(idOf(twice, output))!
        const message = `Cannot send input "${twice}" to output "${output}" again: pipeline "${other}" does so already`
        binding.report(['pipelines', name], message, at ?? keyAt)
      }
      for (const input of inputs) routes.set(idOf(input, output), routes.get(idOf(input, output)) ?? name)
    }
  }
}

/** Names that a pipeline uses, and where it says so: without a list, all there are. */
function usedOf(tree: MapNode, pipeline: Node, section: string): { text: string; at?: Place }[] {
  const known = entriesOf(childOf(tree, section)).map(([text]) => ({ text }))
  const list = childOf(pipeline, section)
  if (list?.kind !== 'list') return known
  const named = list.items.filter(item => item.kind === 'scalar')
  const used = named.filter(item => known.some(({ text }) => text === item.text))
  return [...new Map(used.map(({ text, at }) => [text, { text, at }])).values()]
}

function idOf(input: string, output: string): string {
  return `${input} ${output}`
}

function unknownName(section: string, { text, written }: ScalarNode, known: readonly string[]): string {
  const meant = suggestValue(text, known)
  const rest = meant === undefined ? `known are ${oneOf(known)}` : `did you mean "${meant}"?`
  return `Unknown ${section.slice(0, -1)} ${quoted(written)}: ${rest}`
}

/** What the API shows are the log lines of the machine. */
function checkServer(server: Node | undefined, binding: Binding): void {
  const listen = textOf(server, 'listen')
  const address = listen === undefined ? undefined : valueOf(readAddress(listen))
  if (address === undefined || isLoopback(address.host) || server?.kind !== 'map' || server.entries.has('token')) return
  binding.report(['server', 'listen'], 'Cannot listen on an address that others can reach without a "token"')
}

function checkParsers(input: Node, path: Path, binding: Binding): void {
  if (childOf(input, 'parser') === undefined || childOf(input, 'parsers') === undefined) return
  binding.report(
    [...path, 'parsers'],
    `Cannot use "parser" and "parsers"${whereOf(path)}: put all of them in "parsers"`
  )
}

function checkDelivery(output: Node, path: Path, binding: Binding): void {
  if (textOf(output, 'final') === 'true' && childOf(output, 'if') === undefined)
    binding.report([...path, 'final'], 'Cannot use "final" without "if": outputs behind this one would get nothing')
  const [min, max] = ['min', 'max'].map(key => valueOf(readDuration(textOf(childOf(output, 'retry'), key) ?? '')))
  if (min !== undefined && min > (max ?? deliveryDefaults.retryMaxMs)) {
    binding.report(
      [...path, 'retry', 'min'],
      `Cannot use a "min" that is longer than "max"${whereOf([...path, 'retry'])}`
    )
  }
  const batch = valueOf(readSize(textOf(childOf(output, 'batch'), 'max_bytes') ?? ''))
  const budget = valueOf(readSize(textOf(output, 'max_in_flight_bytes') ?? ''))
  if (batch !== undefined && batch > (budget ?? deliveryDefaults.maxInFlightBytes)) {
    const at: Path = [...path, 'batch', 'maxBytes']
    binding.report(at, `Cannot use a "max_bytes" above "max_in_flight_bytes"${whereOf([...path, 'batch'])}`)
  }
}

function valueOf<T>(reading: Reading<T>): T | undefined {
  return 'value' in reading ? reading.value : undefined
}
