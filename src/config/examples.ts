import { Binding } from './bind.ts'
import { checkTexts } from './check-texts.ts'
import type { AnyDefinition, ComponentRegistry } from './define.ts'
import { explain } from './explain.ts'
import { Problems } from './problems.ts'
import { deliveryShape, optionsSchema, stepShape } from './schema.ts'
import { loadComponents } from './used.ts'
import { readTree } from './yaml.ts'

/** What is wrong with options of a component that are given as YAML, as its examples are. */
export async function checkOptions(
  definition: AnyDefinition,
  text: string,
  components: ComponentRegistry
): Promise<string[]> {
  const file = definition.name
  const problems = new Problems([file])
  // Every variable is set: an example may show where a secret comes from.
  const env = new Proxy({}, { get: (_, name) => String(name) })
  const tree = readTree(text, { file, variables: { env, file } }, problems)
  if (tree) {
    const isOutput = definition.kind === 'output'
    const more = isOutput ? deliveryShape(definition) : stepShape(definition, await loadComponents(components))
    const schema = optionsSchema(definition, more)
    const binding = new Binding(tree, schema, { problems, env })
    for (const issue of schema.safeParse(binding.value).error?.issues ?? []) explain(issue, binding)
    await checkTexts(binding, problems, components)
  }
  return problems.sorted().map(({ line, column, message }) => `${line}:${column}: ${message}`)
}
