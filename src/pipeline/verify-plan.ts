import { ExitError, exitCodes } from '../core/errors.ts'
import type { Cursor } from '../core/outcome.ts'
import type { StoredSource, StoredState } from '../core/record.ts'
import { oneOf } from '../config/wording.ts'
import type { Content } from '../inputs/file/content.ts'
import { pathMatcher } from '../inputs/file/glob.ts'
import { isHead, markerOf } from '../inputs/file/head.ts'
import { lookInto } from '../inputs/file/look-into.ts'
import { fromStored, toStored } from '../inputs/file/stored.ts'
import { inodeAt, sourceOfFile } from './known-file.ts'
import type { InputPlan, OutputPlan, Plan } from './plan.ts'

export interface FileOfPlan {
  /** The part of the plan that the file takes through to the output. */
  readonly plan: Plan
  /** `pipeline/output`. */
  readonly output: string
  /** What earlier runs know of what the file holds now, without cursors; its sources are none where they never met it. */
  readonly stored: StoredState
}

/** A file, and where its content stands: elsewhere if the file is compressed. */
export interface FileToVerify {
  readonly path: string
  readonly contentPath: string
}

/** Finds out which input follows a file, and which pipeline takes it to the output. Throws `ExitError`. */
export function fileOfPlan(plan: Plan, file: FileToVerify, output: string, state: StoredState): FileOfPlan {
  const { path, contentPath } = file
  const known = path === contentPath ? sourceOfFile(path, state.sources) : packedSource(file, state)
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
      inputs: [{ ...input, follow: { ...input.follow, paths: [contentPath] } }],
      pipelines: [{ ...pipeline, inputs: [input.name], outputs: [name] }],
      outputs: plan.outputs.filter(one => one.name === name).map(withoutLimit),
      rules: []
    },
    stored: {
      sources: known === undefined ? [] : [{ ...asUnread(known, contentPath), input: input.name }],
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

/** What of it is read and settled does not count: it is read once more, where its content stands now. */
function asUnread(source: StoredSource, contentPath: string): StoredSource {
  const inode = inodeAt(contentPath)
  return toStored({ ...fromStored(source), ...inode, path: contentPath, isEnded: false, isOver: false, packed: '' })
}

/** Of a compressed file: itself if it was read as such, else the source that it is a copy of. Throws `ExitError`. */
function packedSource({ path, contentPath }: FileToVerify, state: StoredState): StoredSource | undefined {
  const own = sourceOfFile(path, state.sources)
  const copyOf = own === undefined ? '' : fromStored(own).copyOf
  if (own !== undefined && copyOf === '') return own
  const origin = state.sources.find(({ id }) => id === copyOf)
  if (origin !== undefined) return origin
  const [first, ...others] = lookInto(contentPath, content => {
    return state.sources.filter(source => fromStored(source).copyOf === '' && standsIn(source, state.cursors, content))
  })
  if (others.length === 0) return first
  const names = [first!, ...others].map(source => `"${fromStored(source).path}"`)
  throw failed(`Cannot tell which file "${path}" is a copy of: it holds what was read of ${names.join(' and ')}`)
}

/** Whether the content begins as the source did, and has before each of its cursors what stood there. */
function standsIn(source: StoredSource, cursors: readonly Cursor[], content: Content): boolean {
  const file = fromStored(source)
  const own = cursors.filter(cursor => cursor.source === source.id && cursor.marker !== '')
  return (
    file.headLength > 0 &&
    isHead(file, content) &&
    own.every(({ position, marker }) => markerOf(content, position) === marker)
  )
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
