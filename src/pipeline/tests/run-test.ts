import { isDeepStrictEqual } from 'node:util'
import { type Clock, systemClock } from '../../core/clock.ts'
import type { End } from '../../core/outcome.ts'
import { Fate } from '../../core/row.ts'
import { hashOf } from '../../inputs/file/identity.ts'
import { describe } from '../../inputs/file/resource.ts'
import type { FileSource } from '../../inputs/file/source.ts'
import { wholeOf, wholeSource } from '../../inputs/file/whole.ts'
import type { Failure } from '../failure.ts'
import { endOfFate, lastView, type TracedRow } from '../trace/traced-row.ts'
import { Tracer } from '../trace/tracer.ts'
import type { PipelineTest, PipelineTests, RowExpectation, TestFile } from './pipeline-test.ts'

export interface TestResult {
  readonly test: PipelineTest
  readonly failures: readonly Failure[]
  readonly tookMs: number
}

/** A row as tests see it. */
interface Outcome {
  readonly fields: ReadonlyMap<string, unknown>
  readonly fate: End
  /** What ended it. */
  readonly by: string | undefined
  readonly error: string
  readonly outputs: readonly string[]
}

/** Runs a test: its lines go through the components that run, and are sent nowhere. */
export async function runTest(test: PipelineTest, { plan, hostName }: PipelineTests): Promise<TestResult> {
  const began = performance.now()
  const clock: Clock = { ...systemClock, now: () => test.nowMs }
  const tracer = await Tracer.create({ plan, hostName, clock })
  const outcomes: Outcome[] = []
  try {
    for (const file of test.files) {
      const source = sourceOf(file, test.nowMs, hostName)
      await tracer.trace({
        source,
        input: file.input,
        pipeline: test.pipeline,
        isWanted: () => true,
        onRow: row => outcomes.push(outcomeOf(row, source)) > 0
      })
    }
  } finally {
    await tracer.close()
  }
  return { test, failures: failuresOf(test, outcomes), tookMs: performance.now() - began }
}

function sourceOf({ path, input, bytes }: TestFile, nowMs: number, hostName: string): FileSource {
  const about = describe({ ...input.follow, ...input }, hostName, path, [])
  return wholeSource(wholeOf(path, bytes, nowMs), {
    id: hashOf(Buffer.from(path)).slice(0, 16),
    input: input.name,
    service: about.service,
    agent: about.agent,
    resource: about.resource,
    dataset: about.dataset,
    failed: () => {},
    woken: () => {}
  })
}

function outcomeOf(row: TracedRow, source: FileSource): Outcome {
  const view = lastView(row)
  const own = [...view.attributes, ...view.fields].map(([name, { value }]) => [name, value] as const)
  const given = source.agent === '' ? [] : [['agent_id', source.agent] as const]
  const outputs = row.outputs.flatMap(({ name, encoded }) => (encoded === undefined ? [] : [name]))
  const isKept = view.fate === Fate.kept
  const isUnwanted = isKept && outputs.length === 0
  const step = row.steps.find(one => one.view.fate !== Fate.kept)?.name
  const by = row.parsed.fate === Fate.kept ? step : 'on_parse_error'
  return {
    fields: new Map([...given, ...Object.entries(source.resource), ...own]),
    fate: isUnwanted ? 'filtered' : endOfFate(view.fate),
    by: isUnwanted ? 'outputs' : by,
    error: view.error,
    outputs
  }
}

function failuresOf({ at, rows }: PipelineTest, outcomes: readonly Outcome[]): Failure[] {
  const failures = rows.flatMap((row, i): Failure[] => {
    const expected = expectedLines(row, outcomes[i])
    const outcome = outcomes[i]
    const received = outcome === undefined ? [] : receivedLines(row, outcome)
    const message = `row ${i + 1}${outcome === undefined ? ' is missing' : ''}`
    return isDeepStrictEqual(expected, received) ? [] : [{ at: row.at, message, expected, received }]
  })
  const others = outcomes.slice(rows.length).map((outcome, i): Failure => {
    const fields = [...outcome.fields].map(([name, value]) => line(name, value))
    const received = [...fields, `fate: ${outcome.fate}`, line('outputs', outcome.outputs)]
    return { at, message: `row ${rows.length + i + 1} is not expected`, expected: [], received }
  })
  return [...failures, ...others]
}

/** What a row is to be; fields that are as they should look as they do, so that nothing differs. */
function expectedLines(
  { fields, without, fate, by, error, outputs }: RowExpectation,
  outcome: Outcome | undefined
): string[] {
  return [
    ...[...fields].map(([name, value]) => {
      const is = outcome?.fields.get(name)
      return line(name, outcome !== undefined && isLike(name, value, is) ? is : value)
    }),
    ...without.map(name => `no ${name}`),
    `fate: ${fate}`,
    ...(by === undefined ? [] : [`by: ${by}`]),
    ...(error === undefined ? [] : [`error: ${error}`]),
    ...(outputs === undefined ? [] : [line('outputs', outputs.toSorted())])
  ]
}

function receivedLines({ fields, without, by, error, outputs }: RowExpectation, outcome: Outcome): string[] {
  const present = (name: string): string[] => (outcome.fields.has(name) ? [line(name, outcome.fields.get(name))] : [])
  return [
    ...[...fields.keys()].flatMap(present),
    ...without.flatMap(name => (outcome.fields.has(name) ? present(name) : [`no ${name}`])),
    `fate: ${outcome.fate}`,
    ...(by === undefined ? [] : [`by: ${isOneOf(by, outcome.by) ? by : (outcome.by ?? 'nothing')}`]),
    ...(error === undefined ? [] : [`error: ${outcome.error}`]),
    ...(outputs === undefined ? [] : [line('outputs', outcome.outputs.toSorted())])
  ]
}

/** Of several that have a name, any may be meant. */
function isOneOf(name: string, step: string | undefined): boolean {
  return step === name || step?.replace(/ \d+$/, '') === name
}

function isLike(name: string, expected: unknown, is: unknown): boolean {
  if (name === 'time' && typeof expected === 'string' && typeof is === 'string') return isSameTime(expected, is)
  if (!isMap(expected) || !isMap(is)) return isDeepStrictEqual(expected, is)
  return Object.entries(expected).every(([key, value]) => Object.hasOwn(is, key) && isLike('', value, is[key]))
}

/** Times with a zone may be written in several ways. */
function isSameTime(one: string, other: string): boolean {
  const isZoned = /(?:Z|[+-]\d\d:\d\d)$/.test(one)
  return one === other || (isZoned && Date.parse(one) === Date.parse(other) && behindMs(one) === behindMs(other))
}

/** Digits of a fraction that `Date` does not have. */
function behindMs(time: string): string {
  return /\.\d{3}(\d*)/.exec(time)?.[1]?.replace(/0+$/, '') ?? ''
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function line(name: string, value: unknown): string {
  return `${name}: ${JSON.stringify(value)}`
}
