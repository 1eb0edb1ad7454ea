import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { StateLink, StoredState } from '../core/record.ts'
import { hasBug } from '../core/seeded-bugs.ts'
import { Claims } from '../inputs/file/claims.ts'
import type { Disk } from '../inputs/file/disk.ts'
import { Follower } from '../inputs/file/follower.ts'
import type { Holds } from '../inputs/file/holds.ts'
import type { FileSource } from '../inputs/file/source.ts'
import type { KeptStatus } from './collector.ts'
import type { Commits } from './commits.ts'
import type { Cursors } from './cursors.ts'
import type { Departures } from './departures.ts'
import type { Lanes } from './lanes.ts'
import type { InputPlan } from './plan.ts'
import type { Steps } from './steps.ts'
import type { Turns } from './turns.ts'

const letsGoUnstored = hasBug('unlink-before-ledger')

export interface InputsParts {
  readonly hostId: string
  readonly hostName: string
  readonly link: StateLink
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  readonly cursors: Cursors
  readonly lanes: Lanes
  readonly commits: Commits
  readonly turns: Turns
  /** Absent: nothing is kept of deleted files. */
  readonly holds?: Holds
  /** Those that count now. */
  readonly steps: () => Steps
  readonly disk: Disk
  readonly departures: Departures
}

/** An input that is followed. */
export interface Followed {
  readonly follower: Follower
  /** Epoch ms. */
  readonly startedAt: number
}

/** The inputs of a shard. Their followers say which sources there are; each is open in `Lanes` as long as its follower wants it. */
export class Inputs {
  readonly #parts: InputsParts
  readonly #claims = new Claims()
  readonly #followed = new Map<string, Followed>()

  constructor(parts: InputsParts) {
    this.#parts = parts
  }

  get followed(): ReadonlyMap<string, Followed> {
    return this.#followed
  }

  /** What is kept of deleted files. */
  get kept(): KeptStatus | undefined {
    return this.#parts.holds?.status()
  }

  /** Begins to follow those of the inputs that are not followed yet, where `stored` says that they stood. */
  async follow(plans: readonly InputPlan[], stored: StoredState): Promise<void> {
    const fresh = plans.filter(({ name }) => !this.#followed.has(name))
    this.#claims.expect(new Set(fresh.map(({ name }) => name)), stored.sources)
    for (const plan of fresh) {
      if (plan.follow.pathFields === 'containers')
        this.#parts.departures.recall(stored.sources.filter(({ input }) => input === plan.name))
      const follower = this.#newFollower(plan, stored)
      this.#followed.set(plan.name, { follower, startedAt: this.#parts.clock.now() })
      await follower.start()
    }
  }

  /** What was not read of deleted files of these inputs, left out: of all, is copied now: they are going to stop. */
  hold(names?: ReadonlySet<string>): void {
    for (const [name, { follower }] of this.#followed) if (names?.has(name) !== false) follower.hold()
  }

  /** Waits until that is done, as far as the time allows. */
  async finishHolds(withinMs: number, names?: ReadonlySet<string>): Promise<void> {
    await this.#parts.holds?.finish(withinMs, names)
  }

  closeHolds(): void {
    this.#parts.holds?.close()
  }

  /** Looks for nothing new in these inputs, which are going to stop. */
  rest(names: ReadonlySet<string>): void {
    for (const name of names) this.#followed.get(name)?.follower.rest()
  }

  /** Closes inputs with all their sources. */
  stop(names: ReadonlySet<string>): void {
    const { lanes, holds, departures } = this.#parts
    for (const name of names) {
      this.#followed.get(name)?.follower.stop()
      this.#followed.delete(name)
      this.#claims.free(name)
    }
    for (const [source] of Array.from(lanes)) {
      if (!names.has(source.input)) continue
      holds?.leave(source)
      departures.drop(source)
      this.#close(source)
    }
  }

  stopAll(): void {
    for (const { follower } of this.#followed.values()) follower.stop()
  }

  wake(source: FileSource): void {
    const { lanes, turns } = this.#parts
    for (const lane of lanes.of(source)) turns.add(lane)
  }

  #newFollower(input: InputPlan, stored: StoredState): Follower {
    const { hostId, hostName, link, clock, log, meter, holds, disk } = this.#parts
    const { lanes, cursors, commits, departures, steps } = this.#parts
    const { name, service, agentId, dataset, resource } = input
    return new Follower(
      { ...input.follow, name, service, ...(agentId !== undefined && { agentId }), dataset, resource },
      {
        hostId,
        hostName,
        link,
        stored,
        clock,
        log,
        meter,
        claims: this.#claims,
        disk,
        ...(holds && { holds }),
        open: source => {
          lanes.open(source, input, steps())
          departures.opened(source)
          this.wake(source)
        },
        wake: source => this.wake(source),
        settledAll: source => lanes.settled(source),
        close: source => {
          this.#close(source)
          departures.closed(source)
        },
        forget: id => cursors.forget(id),
        scanned: () => {
          holds?.scanned()
          if (departures.look(name)) commits.now()
          else commits.along()
        }
      }
    )
  }

  #close(source: FileSource): void {
    const { lanes, turns, commits } = this.#parts
    if (!letsGoUnstored) commits.nowOf(source)
    for (const lane of lanes.of(source)) turns.remove(lane)
    lanes.close(source)
  }
}
