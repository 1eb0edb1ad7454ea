import { components } from '../components.ts'
import { optionsSchema } from '../config/schema.ts'
import type { InputPlan, PipelinePlan } from './plan.ts'

/** For the kernels of the parsers and steps of a way. */
export const tableBytes = 2 * 1024 * 1024

/** What rows go through where nobody is to have them. */
export interface Way {
  readonly input: InputPlan
  readonly pipeline: PipelinePlan
}

/** Of the input and the pipeline that are in no configuration. */
const name = 'old'

/** An input and a pipeline as they are without any options, and stack traces as one row. */
export async function plainWay(): Promise<Way> {
  const [input, parser, processor] = await Promise.all([
    components.inputs.file(),
    components.parsers.auto(),
    components.processors.normalize()
  ])
  const follow = input.plan(optionsSchema(input).parse({ paths: ['/'], multiline: 'auto' }) as never, {
    name,
    stateDir: ''
  })
  const options = optionsSchema(parser).parse({})
  const process = [{ use: processor.name, options: optionsSchema(processor).parse({}) }]
  const own = { name, type: input.name, follow, service: '', dataset: '', resource: {}, onParseError: 'keep' as const }
  return {
    input: { ...own, parsers: [{ use: parser.name, options }] },
    pipeline: { name, inputs: [name], outputs: [], process, choices: {} }
  }
}
