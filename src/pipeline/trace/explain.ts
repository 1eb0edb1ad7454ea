import { statSync } from 'node:fs'
import { ExitError, exitCodes } from '../../core/errors.ts'
import { reasonOf } from '../../config/substitute.ts'
import { systemClock } from '../../core/clock.ts'
import type { StoredState } from '../../core/record.ts'
import { Flag } from '../../core/row.ts'
import { FileLines, type LinePlace } from '../file-lines.ts'
import { sourceOfFile } from '../known-file.ts'
import type { InputPlan, Plan } from '../plan.ts'
import { type Taking, takingOf } from './taking.ts'
import type { TracedRow } from './traced-row.ts'
import { Tracer } from './tracer.ts'

export interface ExplainOptions {
  readonly plan: Plan
  /** Absolute. */
  readonly path: string
  /** From 1 on. */
  readonly line: number
  /** Left out: the first input that takes the file. */
  readonly input?: string | undefined
  /** What earlier runs know. */
  readonly stored: StoredState
  readonly hostId: string
  readonly hostName: string
  readonly onProgress: (bytes: number) => void
}

/** What becomes of a line of a file. */
export interface Explanation {
  readonly input: InputPlan
  /** Why the input would not read it, in words. */
  readonly notes: readonly string[]
  /** Inputs before it that do not take the file, and why. */
  readonly refused: readonly Refused[]
  readonly source: Taking['source']
  /** Numbers of the first and the last line of the row; undefined: the line is in none. */
  readonly lines: readonly [first: number, last: number] | undefined
  /** The row, in each pipeline that has the input. */
  readonly rows: readonly TracedRow[]
}

export interface Refused {
  readonly input: string
  readonly reason: string
}

/** Follows one line of a file through everything that a collector does with it. Nothing is stored and nothing is sent. Throws `ExitError`
 * where there is no such line; answers with reasons where no input takes the file. `then` is called while the outputs are there still. */
export async function explainLine<T>(
  options: ExplainOptions,
  then: (explanation: Explanation, tracer: Tracer) => Promise<T>
): Promise<T | { readonly refused: readonly Refused[] }> {
  const { plan, hostName } = options
  const tracer = await Tracer.create({ plan, hostName, clock: systemClock })
  try {
    const taken = await whoTakes(options, tracer)
    if (!('taking' in taken)) return taken
    try {
      return await then(await explanationOf(taken, options, tracer), tracer)
    } finally {
      taken.taking.close()
      taken.lines.close()
    }
  } finally {
    await tracer.close()
  }
}

interface Taken {
  readonly input: InputPlan
  readonly lines: FileLines
  readonly place: LinePlace
  readonly taking: Taking
  readonly refused: readonly Refused[]
}

async function whoTakes(
  options: ExplainOptions,
  tracer: Tracer
): Promise<Taken | { readonly refused: readonly Refused[] }> {
  const { path, line, stored, hostId, hostName } = options
  const refused: Refused[] = []
  for (const input of inputsFor(options)) {
    const lines = linesOf(path, input)
    const place = await lines.find(line)
    if ('lines' in place) {
      const { broken } = lines
      lines.close()
      throw failed(
        `There is no line ${line} in "${path}": it has ${place.lines}${broken === undefined ? '' : `, ${broken}`}`
      )
    }
    const taking = await takingOf(input, path, place, { stored, hostId, hostName, woken: () => tracer.woken() })
    if ('source' in taking) return { input, lines, place, taking, refused }
    lines.close()
    refused.push({ input: input.name, reason: taking.refused })
  }
  return { refused }
}

/** What an earlier run followed stays with its input; else the first has the file. */
function inputsFor({ plan, path, input, stored }: ExplainOptions): readonly InputPlan[] {
  if (input !== undefined) return plan.inputs.filter(({ name }) => name === input)
  const known = sourceOfFile(path, stored.sources)?.input
  return plan.inputs.toSorted((a, b) => Number(b.name === known) - Number(a.name === known))
}

function linesOf(path: string, input: InputPlan): FileLines {
  try {
    if (!statSync(path).isFile()) throw failed(`Cannot read "${path}": it is no regular file`)
    return new FileLines(path, input.follow)
  } catch (error) {
    if (error instanceof ExitError) throw error
    throw new ExitError(`Cannot read "${path}": ${reasonOf(error)}`, exitCodes.failed, error)
  }
}

async function explanationOf(taken: Taken, options: ExplainOptions, tracer: Tracer): Promise<Explanation> {
  const { input, place, taking, lines, refused } = taken
  const { source, notes } = taking
  const rows: TracedRow[] = []
  for (const pipeline of options.plan.pipelines.filter(one => one.inputs.includes(input.name))) {
    let own: TracedRow | undefined
    await tracer.trace({
      source,
      input,
      pipeline,
      isWanted: (position, length) => position <= place.start && position + length > place.start,
      // the first that ends: records of two streams of a container may lie in each other
      onRow: row => (own = row) === undefined,
      onProgress: options.onProgress
    })
    if (own !== undefined) rows.push(own)
  }
  const [row] = rows
  return {
    input,
    notes,
    refused,
    source,
    lines: row && (await linesOfRow(row, options.line, place, lines)),
    rows
  }
}

async function linesOfRow(
  { position, length, flags }: TracedRow,
  line: number,
  place: LinePlace,
  lines: FileLines
): Promise<readonly [first: number, last: number]> {
  const first = line - (await lines.count(position, place.start))
  const ends = await lines.count(position, position + length)
  return [first, first + ((flags & Flag.unterminated) === 0 ? Math.max(1, ends) - 1 : ends)]
}

function failed(message: string): ExitError {
  return new ExitError(message, exitCodes.failed)
}
