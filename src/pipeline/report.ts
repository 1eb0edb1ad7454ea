import type { Meter, Sample } from '../core/metrics.ts'
import type { OutputStatus } from '../delivery/status.ts'
import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { Backlog, Behind } from './backlog.ts'
import type { LedgerRow, OutputState, SourceStatus } from './collector.ts'
import type { Followed } from './inputs.ts'
import type { ShardStatus } from './messages.ts'
import type { Plan } from './plan.ts'
import type { Route } from './steps.ts'

/** Sources in a status answer, for each input: a node may have tens of thousands. */
const mostSources = 1000

/** What outputs have read and settled, by source. */
export type Tracks = Iterable<readonly [source: FileSource, tracks: readonly Track[]]>

/** What takes longer is worth telling: an answer, or until rules have seen a row. */
const unusualMs = 3000

export interface ReportParts {
  readonly plan: Plan
  readonly lanes: Tracks
  readonly routes: readonly Route[]
  readonly backlog: Backlog
  readonly inputs: ReadonlyMap<string, Followed>
  /** How far rules are behind, by input, ms. */
  readonly unseen: ReadonlyMap<string, number>
}

/** What a shard has to say about itself. */
export function statusOf({ plan, lanes, routes, backlog, inputs, unseen }: ReportParts): ShardStatus {
  const behind = backlog.of(lanes)
  const sources = new Map<string, SourceStatus[]>()
  const counts = new Map<string, number>()
  for (const [source, tracks] of lanes) {
    const list = sources.get(source.input) ?? []
    sources.set(source.input, list)
    counts.set(source.input, (counts.get(source.input) ?? 0) + 1)
    if (list.length < mostSources) list.push(sourceStatus(source, tracks))
  }
  return {
    inputs: plan.inputs.map(input => ({
      name: input.name,
      type: input.type,
      paths: input.follow.paths,
      sources: sources.get(input.name) ?? [],
      sourceCount: counts.get(input.name) ?? 0,
      startedAt: inputs.get(input.name)?.startedAt ?? 0,
      ...((unseen.get(input.name) ?? 0) >= unusualMs && { unseenMs: Math.round(unseen.get(input.name)!) }),
      notes: inputs.get(input.name)?.follower.notes ?? []
    })),
    outputs: routes.map(route => ({ ...outputState(route, plan), ...backlogOf(behind.get(route.id)) })),
    problems: [...inputs].flatMap(([input, { follower }]) => follower.problems.map(one => ({ input, ...one })))
  }
}

/** An account for each source and output, as it stands. */
export function ledgerRows(lanes: Tracks): LedgerRow[] {
  const rows: LedgerRow[] = []
  for (const [source, tracks] of lanes) {
    for (const track of tracks) {
      const { id, path, input } = source
      rows.push({
        source: id,
        name: path,
        input,
        output: track.output,
        position: track.settled,
        ledger: track.ledger(),
        configured: true
      })
    }
  }
  return rows
}

/** Sets the bytes that each output is behind, also to none where all sources of an input are closed. */
export function measureLag(lanes: Tracks, routes: readonly Route[], meter: Meter): void {
  const lagOf = (input: string, output: string): Sample => meter.of('collector_input_lag_bytes', input, output)
  for (const sample of meter.samples()) if (sample.name === 'collector_input_lag_bytes') sample.value = 0
  for (const { id, inputs } of routes) for (const input of inputs) lagOf(input, id).value = 0
  for (const [{ input, size }, tracks] of lanes) {
    for (const track of tracks) lagOf(input, track.output).value += Math.max(0, size - track.settled)
  }
}

/** Sets how far rules are behind, by input, ms. */
export function measureUnseen(unseen: ReadonlyMap<string, number>, meter: Meter): void {
  for (const sample of meter.samples()) if (sample.name === 'collector_rules_lag_seconds') sample.value = 0
  for (const [input, ms] of unseen) meter.of('collector_rules_lag_seconds', input).value = ms / 1000
}

function sourceStatus(source: FileSource, tracks: readonly Track[]): SourceStatus {
  const settled = Math.min(...tracks.map(track => track.settled))
  const read = Math.max(...tracks.map(track => track.read))
  const { id, path, size, marks } = source
  const format = marks.format !== undefined && { format: marks.format }
  return { id, name: path, size, read, settled, lagBytes: Math.max(0, size - settled), ...format }
}

function backlogOf(behind: Behind | undefined): Pick<OutputState, 'backlog'> {
  if (behind === undefined || behind.bytes === 0) return {}
  const { bytes, ageMs, leftMs } = behind
  return {
    backlog: {
      bytes,
      ...(ageMs !== undefined && { ageMs: Math.round(ageMs) }),
      ...(leftMs !== undefined && { leftMs: Math.round(leftMs) })
    }
  }
}

function outputState({ id, delivery, startedAt }: Route, plan: Plan): Omit<OutputState, 'deadLetters'> {
  const status = delivery.status()
  const { lastError } = status
  const name = id.slice(id.indexOf('/') + 1)
  return {
    name: id,
    type: plan.outputs.find(one => one.name === name)?.use ?? '',
    state: stateOf(status),
    ...(status.reason !== '' && { reason: status.reason }),
    ...(status.tryEveryMs > 0 && { tryEveryMs: status.tryEveryMs }),
    since: status.since,
    startedAt,
    ...(status.server !== '' && { server: status.server }),
    inFlightRequests: status.inFlightRequests,
    inFlightBytes: status.inFlightBytes,
    ...(status.waitingMs >= unusualMs && { waitingMs: Math.round(status.waitingMs) }),
    retriedRows: status.retriedRows,
    ...(status.undecided.rows > 0 && { undecided: status.undecided }),
    ...(lastError !== undefined && { lastError: { message: lastError.message, at: lastError.at } })
  }
}

function stateOf(status: OutputStatus): OutputState['state'] {
  if (status.state !== 'running') return status.state
  return status.pendingRows > 0 ? 'sending' : 'idle'
}
