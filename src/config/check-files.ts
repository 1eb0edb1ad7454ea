import type { Binding } from './bind.ts'
import type { Config, OutputConfig } from './config.ts'
import type { ComponentRegistry } from './define.ts'
import type { Components } from './schema.ts'

/** Files that outputs make: each has one writer, which is an output of one pipeline, and none is read by an input whose rows go there. */
export async function checkFiles(
  config: Config,
  components: Components,
  { binding, registry }: { readonly binding: Binding; readonly registry: ComponentRegistry }
): Promise<void> {
  const writers = new Map<string, string>()
  for (const output of config.outputs) {
    const files = components.outputs.find(({ name }) => name === output.use)?.writes?.(output.options) ?? []
    const at = ['outputs', output.name, 'path']
    const other = files.map(file => writers.get(file)).find(name => name !== undefined)
    if (other !== undefined) binding.report(at, `Cannot write to a file that output "${other}" writes to`)
    for (const file of files) writers.set(file, output.name)
    const pipelines = config.pipelines.filter(one => one.outputs.includes(output.name)).map(({ name }) => `"${name}"`)
    if (files.length > 0 && pipelines.length > 1) {
      const names = pipelines.join(' and ')
      binding.report(at, `Cannot write to a file from pipelines ${names}: give each an output of its own`)
    }
    const reader = files.length > 0 && (await readerOf(files, output, { config, components, registry }))
    if (reader) binding.report(at, `Cannot write to a file that input "${reader}" reads: its rows would never end`)
  }
}

interface Surroundings {
  readonly config: Config
  readonly components: Components
  readonly registry: ComponentRegistry
}

/** The input that would give the output its own rows again. */
async function readerOf(
  files: readonly string[],
  output: OutputConfig,
  { config, components, registry }: Surroundings
): Promise<string | undefined> {
  const check = await registry.paths()
  const { stateDir } = config.collector
  const fed = new Set(config.pipelines.filter(one => one.outputs.includes(output.name)).flatMap(one => one.inputs))
  const reader = config.inputs.find(({ name, use, options }) => {
    if (!fed.has(name)) return false
    const definition = components.inputs.find(one => one.name === use)!
    const plan = definition.plan(options, { name, stateDir })
    return files.some(file => check.follows(plan, file))
  })
  return reader?.name
}
