import { doMeet, type Lookout, type Way } from '../inputs/file/reach.ts'
import type { InputPlan, Plan } from './plan.ts'

/** Shards beside the first: each takes a thread and its memory. Mounts beyond share the last. */
const mostOwn = 4

/** Which shard reads each input. The first is 0. */
export type Placement = ReadonlyMap<string, number>

export interface PlacementParts {
  readonly lookout: Lookout
  /** Inputs of which the first shard keeps deleted files, which no other one can read. */
  readonly kept: ReadonlySet<string>
  /** Where inputs are now: they stay there. */
  readonly now: Placement
}

interface Member {
  readonly name: string
  readonly ways: readonly Way[]
  /** Remote ones that hang together with it. */
  readonly mounts: ReadonlySet<string>
  readonly isOwn: boolean
  /** Of those that only one thread can write to. */
  readonly outputs: ReadonlySet<string>
}
type Group = readonly Member[]

/** Inputs that may hang together are read by a shard of their own, all others by one. A remote file system may hang; inputs that may
 * meet in one file can not be apart, for it has one reader. */
export async function placementOf(plan: Plan, parts: PlacementParts): Promise<Placement> {
  const { lookout, kept, now } = parts
  // One holds up nobody.
  if (plan.inputs.length < 2 && now.size === 0) return new Map(plan.inputs.map(({ name }) => [name, 0]))
  const placement = new Map<string, number>()
  const taken = new Set(now.values())
  for (const group of groupsOf(await membersOf(plan, lookout))) {
    const known = group.flatMap(({ name }) => now.get(name) ?? [])
    const shard = known[0] ?? (group.some(({ name }) => kept.has(name)) ? 0 : free(taken))
    taken.add(shard)
    for (const { name } of group) placement.set(name, now.get(name) ?? shard)
  }
  return placement
}

/** The first is always there. */
export function shardsOf(placement: Placement): number[] {
  return [...new Set([0, ...placement.values()])].toSorted((a, b) => a - b)
}

function free(taken: ReadonlySet<number>): number {
  for (let shard = 0; shard < mostOwn; shard++) if (!taken.has(shard)) return shard
  return mostOwn
}

/** Those that nothing is special about come first. */
function groupsOf(members: readonly Member[]): Group[] {
  let groups: Group[] = []
  for (const member of members) {
    const near = groups.filter(group => group.some(one => belong(one, member)))
    groups = [...groups.filter(group => !near.includes(group)), [...near.flat(), member]]
  }
  return groups.toSorted((a, b) => Number(b.some(isPlain)) - Number(a.some(isPlain)))
}

async function membersOf({ inputs, pipelines, outputs }: Plan, lookout: Lookout): Promise<Member[]> {
  const ways = new Map<InputPlan, readonly Way[]>()
  for (const input of inputs) ways.set(input, await lookout.waysTo(input.follow))
  return inputs.map(input => {
    const { name, follow } = input
    const own = pipelines.filter(one => one.inputs.includes(name)).flatMap(one => one.outputs)
    const oneWriter = outputs.filter(output => output.oneWriter && own.includes(output.name))
    return {
      name,
      ways: ways.get(input)!,
      mounts: follow.shard === 'shared' ? new Set() : lookout.mountsOn(ways.get(input)!),
      isOwn: follow.shard === 'own',
      outputs: new Set(oneWriter.map(output => output.name))
    }
  })
}

function belong(one: Member, other: Member): boolean {
  if (isPlain(one) && isPlain(other)) return true
  return share(one.mounts, other.mounts) || share(one.outputs, other.outputs) || doMeet(one.ways, other.ways)
}

function share(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].some(name => other.has(name))
}

function isPlain({ mounts, isOwn }: Member): boolean {
  return mounts.size === 0 && !isOwn
}

/** An output that only one thread can write to, and would have two. */
export function dividedOutput({ pipelines, outputs }: Plan, placement: Placement): string | undefined {
  const isDivided = (name: string): boolean => {
    const inputs = pipelines.filter(pipeline => pipeline.outputs.includes(name)).flatMap(pipeline => pipeline.inputs)
    return new Set(inputs.map(input => placement.get(input))).size > 1
  }
  return outputs.find(({ name, oneWriter }) => oneWriter && isDivided(name))?.name
}

/** What one shard does of a plan. What nobody reads is the first one's. */
export function partOf(plan: Plan, placement: Placement, shard: number): Plan {
  const isOurs = (name: string): boolean => placement.get(name) === shard
  const pipelines = plan.pipelines.flatMap(pipeline => {
    const inputs = pipeline.inputs.filter(isOurs)
    return inputs.length > 0 || (shard === 0 && pipeline.inputs.length === 0) ? [{ ...pipeline, inputs }] : []
  })
  const used = new Set(pipelines.flatMap(({ outputs }) => outputs))
  const inputs = plan.inputs.filter(({ name }) => isOurs(name))
  const outputs = plan.outputs.filter(({ name }) => used.has(name))
  return { inputs, pipelines, outputs, rules: plan.rules }
}
