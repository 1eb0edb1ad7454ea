import { type BigIntStats, statSync } from 'node:fs'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { StoredSource, StoredState } from '../core/record.ts'
import { reasonOf } from '../config/substitute.ts'
import { oneOf } from '../config/wording.ts'
import { inodeOf, keyOf } from '../inputs/file/identity.ts'
import { pathMatcher } from '../inputs/file/glob.ts'
import { fromStored, toStored } from '../inputs/file/stored.ts'
import type { InputPlan, OutputPlan, Plan } from './plan.ts'

export interface FileOfPlan {
  /** The part of the plan that the file takes through to the output. */
  readonly plan: Plan
  /** `pipeline/output`. */
  readonly output: string
  /** What earlier runs know of what the file holds now, without cursors; its sources are none where they never met it. */
  readonly stored: StoredState
}

/** Finds out which input follows a file, and which pipeline takes it to the output. Throws `ExitError`. */
export function fileOfPlan(plan: Plan, path: string, output: string, state: StoredState): FileOfPlan {
  const known = lastGeneration(path, state.sources)
  const input = inputOf(plan, path, known)
  const [first, second] = output.split('/') as [string, string?]
  const [pipelineName, name] = second === undefined ? [undefined, first] : [first, second]
  const pipeline = plan.pipelines.find(
    one => (pipelineName ?? one.name) === one.name && one.outputs.includes(name) && one.inputs.includes(input.name)
  )
  if (pipeline === undefined) {
    const names = plan.pipelines.flatMap(one => (one.inputs.includes(input.name) ? one.outputs : []))
    throw failed(`No output "${output}" gets rows of input "${input.name}": it goes to ${oneOf([...new Set(names)])}`)
  }
  const id = known?.id
  return {
    output: `${pipeline.name}/${name}`,
    plan: {
      inputs: [{ ...input, follow: { ...input.follow, paths: [path] } }],
      pipelines: [{ ...pipeline, inputs: [input.name], outputs: [name] }],
      outputs: plan.outputs.filter(one => one.name === name).map(withoutLimit),
      rules: []
    },
    stored: {
      sources: known === undefined ? [] : [{ ...asUnread(known), input: input.name }],
      cursors: [],
      cuts: state.cuts.filter(({ source }) => source === id),
      parsers: id === undefined || state.parsers[id] === undefined ? {} : { [id]: state.parsers[id] },
      notes: {},
      observed: []
    }
  }
}

/** Every row is compared, however old it is. */
function withoutLimit({ delivery, ...output }: OutputPlan): OutputPlan {
  const { maxBacklogBytes: _bytes, maxBacklogAgeMs: _age, ...rest } = delivery
  return { ...output, delivery: rest }
}

/** What of it is read and settled does not count: it is read once more. */
function asUnread(source: StoredSource): StoredSource {
  return toStored({ ...fromStored(source), isEnded: false })
}

/** A file is what it was since it was truncated last. */
function lastGeneration(path: string, sources: readonly StoredSource[]): StoredSource | undefined {
  const key = keyOf(inodeOf(statOf(path)))
  const own = sources.filter(source => keyOf(fromStored(source)) === key)
  return own.toSorted((a, b) => fromStored(b).generation - fromStored(a).generation)[0]
}

function statOf(path: string): BigIntStats {
  try {
    return statSync(path, { bigint: true })
  } catch (error) {
    throw new ExitError(`Cannot read "${path}": ${reasonOf(error)}`, exitCodes.failed, error)
  }
}

/** Of a renamed file only the state knows which input it belongs to. */
function inputOf({ inputs }: Plan, path: string, known: StoredSource | undefined): InputPlan {
  const input =
    inputs.find(one => one.name === known?.input) ?? inputs.find(({ follow }) => pathMatcher(follow.paths)(path))
  if (input !== undefined) return input
  throw failed(`No input follows "${path}": compare its "paths" in the configuration, and --state-dir`)
}

function failed(message: string): ExitError {
  return new ExitError(message, exitCodes.failed)
}
