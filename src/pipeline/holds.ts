import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { StateLink, StoredSource, StoredState } from '../core/record.ts'
import type { Position } from '../core/source.ts'
import { Spool } from '../delivery/spool/spool.ts'
import { Holds } from '../inputs/file/holds.ts'
import type { Commits } from './commits.ts'
import type { Lanes } from './lanes.ts'
import type { ShardStart } from './messages.ts'

/** Of the note that says that sources were forgotten by a person: what the spool holds of them is then no rest of settled ones. */
export const resetKey = 'collector/reset'

export interface HoldsParts {
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly lanes: Lanes
  readonly commits: Commits
}

/** Opens the spool of deleted files, where there is to be one. Returns the state with sources that only the spool still knows. */
export function openHolds(
  { spool: start, stored }: ShardStart,
  parts: HoldsParts
): { holds?: Holds; stored: StoredState } {
  if (start === undefined) return { stored }
  const { link, clock, log, meter, lanes, commits } = parts
  const spool = new Spool(start.stateDir, { maxBytes: start.maxBytes, clock, log, meter })
  const holds = new Holds({
    spool,
    clock,
    log,
    meter,
    settledAll: source => lanes.settled(source),
    stored: () => {
      commits.now()
      return link.untilDurable(link.append([]))
    }
  })
  const known = new Set(stored.sources.map(source => source.id))
  dropSettled(spool, { stored, known, isStateLost: start.isStateLost })
  const unknown = spool.sources().filter(({ id }) => !known.has(id))
  const lost = unknown.map(source => startingAt(source, spool.find(source.id)!.start))
  if (lost.length > 0) link.append(lost.map(source => ({ kind: 'source', source })))
  return { holds, stored: { ...stored, sources: [...stored.sources, ...lost] } }
}

/** The state knows a source until all of it is settled. */
function dropSettled(
  spool: Spool,
  { stored, known, isStateLost }: { stored: StoredState; known: ReadonlySet<string>; isStateLost: boolean }
): void {
  const cursors = Map.groupBy(stored.cursors, cursor => cursor.source)
  for (const id of spool.ids) {
    const positions = cursors.get(id)?.map(cursor => cursor.position) ?? [0]
    if (known.has(id)) spool.settle(id, Math.min(...positions))
    else if (!isStateLost) spool.settle(id, Infinity)
  }
}

/** What stands before was settled: else the spool would have it. */
function startingAt(source: StoredSource, startAt: Position): StoredSource {
  return { ...source, file: { ...source.file, startAt } }
}
