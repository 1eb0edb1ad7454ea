import type { MapNode, Node } from '../../config/tree.ts'
import { quoted } from '../../config/problems.ts'
import { oneOf } from '../../config/wording.ts'
import { type End, ends } from '../../core/outcome.ts'
import { Fields } from '../../rules/fields.ts'
import type { RowExpectation } from './pipeline-test.ts'
import { type TestContext, textsOf } from './context.ts'

const keys = ['fields', 'without', 'fate', 'by', 'error', 'outputs']
/** Ways to end that do not need an output's answer, and the one where all goes well. */
const fates = ends.filter((end): end is Exclude<End, 'duplicate'> => end !== 'duplicate')

/** Reads one entry of `rows`. */
export function readRow(node: MapNode, { problems, plan, where: inTest }: TestContext): RowExpectation {
  const where = ` of rows${inTest}`
  const fields = new Fields(node, { keys, where }, problems)
  const outputs = textsOf(fields, 'outputs', 'the name of an output')
  const known = plan.outputs.map(({ name }) => name)
  for (const name of outputs ?? []) {
    if (!known.includes(name))
      fields.report(fields.placeOf('outputs'), `No output ${quoted(name)}${where}: there is ${oneOf(known)}`)
  }
  const by = fields.name('by')
  const fate = fields.choice('fate', fates) ?? 'delivered'
  if (by !== undefined && fate === 'delivered') {
    fields.report(by.at, `Cannot use "by"${where}: nothing ends a row that is delivered, name its "fate"`)
  }
  return {
    at: node.at,
    fields: new Map([...(fields.map('fields')?.entries ?? [])].map(([name, entry]) => [name, plainOf(entry.node)])),
    without: textsOf(fields, 'without', 'the name of a field') ?? [],
    fate,
    by: by?.text,
    error: fields.scalar('error')?.text,
    outputs
  }
}

function plainOf(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plainOf)
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainOf(entry.node)]))
}
