import { resolve } from 'node:path'
import { components } from '../../components.ts'
import { optionsSchema } from '../../config/schema.ts'
import { oneOf } from '../../config/wording.ts'
import { ExitError, exitCodes } from '../../core/errors.ts'
import { pathMatcher } from '../../inputs/file/glob.ts'
import type { InputPlan, PipelinePlan, Plan } from '../plan.ts'

/** What the rows of old logs go through. */
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

/** The way of an input of a configuration: of the one that is named, else of the one that follows the first of the files, or of the only
 * one. Throws `ExitError` where there is none. */
export function wayOf({ inputs, pipelines }: Plan, files: readonly string[], named: string | undefined): Way {
  const first = resolve(files[0] ?? '')
  const input =
    named === undefined
      ? (inputs.find(({ follow }) => pathMatcher(follow.paths)(first)) ?? (inputs.length === 1 ? inputs[0] : undefined))
      : inputs.find(one => one.name === named)
  if (input === undefined) {
    const what = named === undefined ? `No input follows "${first}": name one with --input` : `No input "${named}"`
    throw new ExitError(`${what}: there is ${oneOf(inputs.map(one => one.name))}`, exitCodes.failed)
  }
  const pipeline = pipelines.find(one => one.inputs.includes(input.name))!
  return { input, pipeline: { ...pipeline, inputs: [input.name], outputs: [], choices: {} } }
}
