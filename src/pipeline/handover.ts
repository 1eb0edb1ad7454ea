import type { Clock } from '../core/clock.ts'
import type { Meter } from '../core/metrics.ts'
import type { Track } from '../delivery/track.ts'
import type { FileSource } from '../inputs/file/source.ts'
import { planChanges } from './changes.ts'
import type { Commits } from './commits.ts'
import type { Inputs } from './inputs.ts'
import type { Lanes } from './lanes.ts'
import type { Route, Steps } from './steps.ts'
import type { Turns } from './turns.ts'

/** What was read for an output or from an input that goes may take so long to be settled; then it is read again, ms. */
const settleMs = 3000
const lookMs = 10

export interface HandoverParts {
  readonly lanes: Lanes
  readonly inputs: Inputs
  readonly commits: Commits
  readonly turns: Turns
  readonly clock: Clock
  readonly meter: Meter
}

/**
 * From one plan to the next, while a shard runs. What is the same in both is not touched: its files stay open, its lanes and
 * deliveries go on. What goes, or goes on with other options, reads no more; what is on its way is settled and the cursors are
 * stored. What is not settled within the time (its server is away) is read again from there, and known as sent before.
 */
export async function handOver(former: Steps, next: Steps, parts: HandoverParts): Promise<void> {
  const { lanes, inputs, commits, clock, meter } = parts
  const { inputs: changes } = planChanges(former.plan, next.plan)
  const goneInputs = new Set([...changes.removed, ...changes.changed])
  const goneRoutes = former.routes.filter(({ delivery }) => !next.routes.some(route => route.delivery === delivery))
  inputs.hold(goneInputs)
  inputs.rest(goneInputs)
  const leaving = lanes.leaving(leavingWith(goneInputs, goneRoutes, next))
  retire(leaving, former, parts)
  await settled([...leaving.values()].flat(), former, clock)
  if (goneInputs.size > 0) await inputs.finishHolds(settleMs, goneInputs)
  for (const route of goneRoutes) await close(route, next, meter)
  // From here to the new tracks nothing waits: a scan in between would take a source without tracks for settled, and let go of it.
  commits.now()
  for (const [source, tracks] of leaving) for (const track of tracks) lanes.leave(source, track)
  inputs.stop(goneInputs)
  for (const name of changes.removed) meter.rest('input', name)
  for (const source of lanes.fill(next)) inputs.wake(source)
}

function leavingWith(goneInputs: ReadonlySet<string>, goneRoutes: readonly Route[], next: Steps) {
  const gone = new Set(goneRoutes.map(({ id }) => id))
  const stays = new Map(next.routes.filter(({ id }) => !gone.has(id)).map(({ id, inputs }) => [id, inputs]))
  return (input: string, output: string): boolean => goneInputs.has(input) || stays.get(output)?.has(input) !== true
}

/** Nothing more is read for these tracks. Whoever shared a lane with them, or came behind one, goes on. */
function retire(leaving: ReadonlyMap<FileSource, Track[]>, { routes }: Steps, parts: HandoverParts): void {
  const { lanes, inputs, turns } = parts
  const outputs = new Set<string>()
  for (const [source, tracks] of leaving) {
    for (const { output } of tracks) outputs.add(output)
    for (const lane of lanes.of(source)) turns.remove(lane)
    lanes.retire(source, tracks)
    inputs.wake(source)
  }
  for (const { id, delivery } of routes) if (outputs.has(id)) delivery.flush()
}

/** Resolves when all rows of these tracks have ended, or those left can not end now, or the time is over. */
async function settled(tracks: readonly Track[], { routes }: Steps, clock: Clock): Promise<void> {
  const end = clock.monotonic() + settleMs
  while (clock.monotonic() < end) {
    const moving = new Set(routes.filter(({ delivery }) => delivery.status().state === 'running').map(({ id }) => id))
    if (!tracks.some(({ output, pendingRows }) => pendingRows > 0 && moving.has(output))) return
    await new Promise<void>(resolve => clock.after(lookMs, resolve))
  }
}

async function close({ id, delivery }: Route, next: Steps, meter: Meter): Promise<void> {
  await delivery.close()
  const successor = next.routes.find(route => route.id === id)
  if (successor === undefined) meter.rest('output', id)
  else successor.delivery.succeed(delivery)
}
