import type { End } from '../core/outcome.ts'
import type { Output } from '../core/output.ts'
import { Fate } from '../core/row.ts'
import type { SourceId } from '../core/source.ts'
import { changesOf, fieldsOf } from '../pipeline/trace/changes.ts'
import type { Explanation, Refused } from '../pipeline/trace/explain.ts'
import { flagWords } from '../pipeline/trace/row-view.ts'
import { endOfFate, lastView, type TracedOutput, type TracedRow } from '../pipeline/trace/traced-row.ts'
import type { Tracer } from '../pipeline/trace/tracer.ts'
import { messageOf } from '../core/errors.ts'

/** An output that does not answer by then will not, ms. */
const askMs = 5000

/** What is shown of an explanation, as JSON has it. */
export interface ExplainReport {
  readonly file: string
  readonly line: number
  readonly input: { readonly name: string; readonly type: string }
  readonly refused: readonly Refused[]
  readonly notes: readonly string[]
  readonly source: {
    readonly id: string
    readonly dataset: string
    readonly service: string
    readonly agent: string
    readonly resource: Readonly<Record<string, string>>
  }
  readonly row: RowReport | undefined
  readonly pipelines: readonly PipelineReport[]
}

interface RowReport {
  readonly start: number
  readonly bytes: number
  readonly lines: readonly [first: number, last: number]
  readonly framing: readonly string[]
  readonly flags: readonly string[]
  readonly content: string
  readonly parser: string | undefined
  readonly found: string | undefined
  readonly error: string
}

export interface PipelineReport {
  readonly name: string
  readonly steps: readonly {
    readonly name: string
    readonly if?: string
    readonly changes: ReturnType<typeof changesOf>
    /** The row ends here. */
    readonly fate?: End
  }[]
  readonly fields: ReturnType<typeof fieldsOf>
  readonly outputs: readonly OutputReport[]
}

interface OutputReport {
  readonly name: string
  readonly type: string
  readonly taken: boolean
  /** Why not. */
  readonly why?: string
  /** What is sent. */
  readonly sent?: string
  /** What the server says of it; left out: it was not asked. */
  readonly answer?: string
}

export interface Asked {
  readonly path: string
  readonly line: number
  readonly tracer: Tracer
  readonly isAsked: boolean
}

/** With the source of the line. */
interface Asking extends Asked {
  readonly sourceId: SourceId
}

export async function explained(explanation: Explanation, asked: Asked): Promise<ExplainReport> {
  const { input, refused, notes, source, rows } = explanation
  const { id, dataset, service, agent, resource } = source
  const pipelines: PipelineReport[] = []
  for (const row of rows) pipelines.push(await pipelineOf(row, { ...asked, sourceId: id }))
  return {
    file: asked.path,
    line: asked.line,
    input: { name: input.name, type: input.type },
    refused,
    notes,
    source: { id, dataset, service, agent, resource },
    row: rowOf(explanation),
    pipelines
  }
}

function rowOf({ rows: [row], lines, input: { follow } }: Explanation): RowReport | undefined {
  if (row === undefined || lines === undefined) return undefined
  const { position, length, flags, content, parser, choice, parsed } = row
  const { framing, encoding, multiline } = follow
  const groups = multiline?.preset === undefined ? 'own patterns' : multiline.preset
  return {
    start: position,
    bytes: length,
    lines,
    framing: [
      framing === 'containers' ? 'lines of a container runtime' : 'lines',
      ...(encoding === undefined || encoding === 'utf-8' ? [] : [encoding]),
      ...(multiline === undefined ? [] : [`multiline (${groups})`])
    ],
    flags: flagWords(flags),
    content,
    parser,
    found: parser === 'auto' ? choice : undefined,
    error: parsed.error
  }
}

async function pipelineOf(row: TracedRow, asked: Asking): Promise<PipelineReport> {
  let before = row.parsed
  const steps = row.steps.map(({ name, condition, view }) => {
    const changes = changesOf(before, view)
    const ended = before.fate === Fate.kept && view.fate !== Fate.kept ? { fate: endOfFate(view.fate) } : {}
    before = view
    return { name, ...(condition !== undefined && { if: condition }), changes, ...ended }
  })
  const outputs: OutputReport[] = []
  for (const output of row.outputs) outputs.push(await outputOf(output, row, asked))
  return { name: row.pipeline, steps, fields: fieldsOf(row), outputs }
}

async function outputOf(
  { name, use, encoded, shown }: TracedOutput,
  row: TracedRow,
  asked: Asking
): Promise<OutputReport> {
  if (encoded === undefined) {
    const { fate } = lastView(row)
    const ended =
      fate === Fate.deadLettered ? 'it becomes a dead letter, as it was read' : `it ended as ${endOfFate(fate)}`
    const why = fate === Fate.kept ? 'its "if" does not select the row, or an output before it is final' : ended
    return { name, type: use, taken: false, why }
  }
  const output = asked.tracer.output(`${row.pipeline}/${name}`)
  const answer = asked.isAsked ? { answer: await answerOf(output, encoded, { ...row, source: asked.sourceId }) } : {}
  return { name, type: use, taken: true, sent: shown!, ...answer }
}

/** Whether the server has the row. */
async function answerOf(
  output: Output,
  bytes: Buffer,
  { position, length, source }: Pick<TracedRow, 'position' | 'length'> & { readonly source: SourceId }
): Promise<string> {
  if (output.locate === undefined) return 'it can not be asked what it has'
  const shipment = {
    bytes,
    rows: 1,
    rowEnds: Int32Array.of(bytes.length),
    rowPositions: Float64Array.of(position),
    rowLengths: Int32Array.of(length),
    sourceOf: () => source,
    attempt: 0,
    unknown: false,
    firstSentAt: Date.now(),
    memo: undefined
  }
  try {
    const places = (await output.locate(shipment, AbortSignal.timeout(askMs))).get(0)
    if (places === undefined) return 'it has the row, once'
    return places.length === 0 ? 'it does not have the row' : `it has the row in ${places.join(' and ')}`
  } catch (error) {
    return messageOf(error)
  }
}
