import { resolve } from 'node:path'
import { oneOf } from '../../config/wording.ts'
import { ExitError, exitCodes } from '../../core/errors.ts'
import { pathMatcher } from '../../inputs/file/glob.ts'
import type { Way } from '../plain-way.ts'
import type { Plan } from '../plan.ts'

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
