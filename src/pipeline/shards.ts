import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../core/errors.ts'
import { type Family, mergeFamilies } from '../core/families.ts'
import type { Meter, Sample } from '../core/metrics.ts'
import type { StoredState } from '../core/record.ts'
import type { ReplayRow } from '../delivery/replay.ts'
import { Lookout } from '../inputs/file/reach.ts'
import { fromStored } from '../inputs/file/stored.ts'
import type { InputStall, TailRows, TailWanted } from './collector.ts'
import { stops } from './letters.ts'
import { mergeSamples, mergeStatus, statusWithout } from './merge.ts'
import type { AgentReport, Answers, ReplayVerdicts, ShardStart, ShardStatus, ToShard } from './messages.ts'
import { dividedOutput, partOf, type Placement, placementOf, shardsOf } from './placement.ts'
import type { Plan } from './plan.ts'
import { hangsAfterMs } from './pulse.ts'
import type { Progress } from '../rules/evaluate/ruler.ts'
import { goneWith, Retired } from './retired.ts'
import { type PortParts, ShardPort } from './shard-port.ts'

/** How often it is looked whether shards go on, ms; while they drain there is less time. */
const lookMs = 2500
const drainLookMs = 500
const leastPatienceMs = 1500
/** The first shard waits so long for the others to begin with it, ms. */
const ownMs = 1000

export interface ShardsParts extends PortParts {
  readonly meter: Meter
}

/** The shards of a collector as one. There is one, and one more for each remote mount that is followed beside others: see placement.ts. A
 * shard that hangs holds up nobody: what it said last stands for what it would say. */
export class Shards {
  /** Resolves when nobody reads what the collector writes, or it is closed; rejects when a shard dies. */
  readonly ended: Promise<void>
  onLetters: () => void = () => {}
  onAgents: (report: AgentReport) => void = () => {}
  /** Called with rows for a tail; `more` lets that shard send the next. */
  onRows: (tail: number, rows: TailRows, more: () => void) => void = () => {}
  #plan: Plan
  #placement: Placement = new Map()
  #isReading = false
  readonly #start: Omit<ShardStart, 'shard'>
  readonly #parts: ShardsParts
  readonly #ports = new Map<number, ShardPort>()
  /** Those who look at rows; shards that begin later show theirs, too. */
  readonly #tails = new Map<number, TailWanted>()
  /** What each said last, those that have ended too: somebody may still wait for an answer of theirs. */
  readonly #last = new WeakMap<ShardPort, Partial<Answers>>()
  readonly #retired = new Retired()
  readonly #end = Promise.withResolvers<void>()
  #stopLooking: () => void = () => {}

  constructor(start: Omit<ShardStart, 'shard'>, parts: ShardsParts) {
    this.#start = start
    this.#parts = parts
    this.#plan = start.plan
    this.ended = this.#end.promise
    this.ended.catch(() => undefined)
  }

  /** Resolves once they know their sources, but for those that hang; rejects where one can not be made. */
  async open(): Promise<void> {
    const { plan, stored } = this.#start
    this.#placement = await this.#place(plan, stored, this.#placement)
    const [first, ...own] = shardsOf(this.#placement).map(shard => {
      return this.#open(shard, partOf(plan, this.#placement, shard), stored)
    })
    this.#look(lookMs, hangsAfterMs)
    const late = new Promise<void>(resolve => this.#parts.clock.after(ownMs, resolve))
    try {
      await Promise.all([first!.begun, ...own.map(port => Promise.race([port.begun, late]))])
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Inputs that hang. */
  get stalled(): InputStall[] {
    return [...this.#ports.values()].flatMap(({ plan, stall }) => {
      return stall === undefined ? [] : [{ inputs: plan.inputs.map(({ name }) => name), ...stall }]
    })
  }

  /** Inputs and sources that are not read to their end, and since when, monotonic ms. */
  get behind(): Map<string, number> {
    return new Map([...this.#ports.values()].flatMap(({ behind }) => [...behind]))
  }

  /** Begins to read. */
  start(): void {
    this.#isReading = true
    for (const port of this.#ports.values()) port.start()
  }

  post(message: ToShard): void {
    for (const port of this.#ports.values()) port.post(message)
  }

  /** Resolves once rows that are read are shown, by all shards that do not hang. */
  async listen(tail: number, wanted: TailWanted): Promise<void> {
    this.#tails.set(tail, wanted)
    await Promise.allSettled([...this.#ports.values()].map(port => port.listen(tail, wanted)))
  }

  unlisten(tail: number): void {
    this.#tails.delete(tail)
    this.post({ type: 'unlisten', tail })
  }

  /** The state can be written again, or can not any more. */
  tellWritable(): void {
    for (const port of this.#ports.values()) port.confirm(0)
  }

  async status(): Promise<ShardStatus> {
    const answers = await this.#ask('status', port => this.#last.get(port)?.status ?? statusWithout(port.plan))
    return mergeStatus(answers, this.#plan)
  }

  async samples(): Promise<readonly Sample[]> {
    // those that end before they answer are not among them
    const retired = this.#retired.samples()
    const answers = await this.#ask('samples', port => this.#last.get(port)?.samples ?? []).catch(() => [])
    const stalled = new Set(this.stalled.flatMap(({ inputs }) => inputs))
    for (const { name } of this.#plan.inputs) {
      this.#parts.meter.of('collector_input_stalled', name).value = stalled.has(name) ? 1 : 0
    }
    return mergeSamples([...this.#parts.meter.samples(), ...retired, ...answers.flat()])
  }

  async families(): Promise<readonly Family[]> {
    const answers = await this.#ask('families', port => this.#last.get(port)?.families ?? []).catch(() => [])
    return mergeFamilies(answers.flat())
  }

  /** Without those of shards that hang: what is stored of them stands. */
  async ledgers(): Promise<Answers['ledgers']> {
    return (await this.#ask('ledgers', () => [])).flat()
  }

  /** Has what rows have added to rules handed over, by all that do not hang, and tells how far that is. Never rejects. */
  async observed(): Promise<Progress> {
    const ports = [...this.#ports.values()].filter(({ stall }) => stall === undefined)
    const answers = await Promise.allSettled(ports.map(port => port.ask('observed')))
    const unseen = answers.map(answer => (answer.status === 'fulfilled' ? answer.value.unseenMs : Infinity))
    return { unseenMs: Math.max(0, ...unseen), hangs: this.stalled.length > 0 }
  }

  replay(output: string, rows: readonly ReplayRow[]): Promise<ReplayVerdicts> {
    const sends = ({ plan }: ShardPort): boolean =>
      plan.pipelines.some(({ name, outputs }) => outputs.some(one => `${name}/${one}` === output))
    const able = [...this.#ports.values()].filter(sends)
    const port = able.find(({ stall }) => stall === undefined) ?? able[0] ?? this.#ports.get(0)
    // They end before the server does.
    return port?.replay(output, rows) ?? Promise.reject(new Error(stops))
  }

  /** Goes on with another plan. Rejects where that can not be; then all is as before, as far as it can be told. */
  async change(plan: Plan): Promise<void> {
    const { state, meter } = this.#parts
    const placement = await this.#place(plan, state.load(), this.#placement)
    const changes = this.#changesTo(plan, placement)
    const opened: ShardPort[] = []
    try {
      // A file has one reader: whoever had it lets go of it first.
      for (const { port, next } of changes) await port.change(next)
      for (const { port } of changes) await port.follow()
      for (const shard of shardsOf(placement)) {
        if (!this.#ports.has(shard)) opened.push(this.#open(shard, partOf(plan, placement, shard), state.load()))
      }
      await Promise.all(opened.map(port => port.begun))
    } catch (error) {
      await this.#goBack(changes, opened)
      throw error
    }
    if (this.#isReading) for (const port of opened) port.start()
    const gone = goneWith(this.#plan, plan)
    this.#plan = plan
    this.#placement = placement
    const [, ...own] = this.#ports.values()
    await Promise.all(own.filter(port => port.plan.inputs.length === 0).map(port => this.#retire(port)))
    for (const [label, name] of gone) {
      meter.forget(label, name)
      this.#retired.forget(label, name)
      this.post({ type: 'forget', label, name })
    }
  }

  /** Reads and sends what is there. `read`: rules have all that shards will read, but for those that do not answer; `sent` resolves with
   * the number of rows that stay behind. */
  drain(withinMs: number): { readonly read: Promise<void>; readonly sent: Promise<number> } {
    this.#stopLooking()
    this.#look(drainLookMs, Math.min(hangsAfterMs, Math.max(leastPatienceMs, withinMs)))
    const ports = [...this.#ports.values()]
    const drained = ports.map(port =>
      port.drain(withinMs).catch((error: unknown) => {
        const fields = { inputs: inputsOf(port), reason: messageOf(error) }
        this.#parts.log.error('Cannot drain: the next start goes on behind the last rows known as settled', fields)
        return 0
      })
    )
    const read = ports.map((port, index) => Promise.race([port.hasRead, drained[index]]))
    return {
      read: Promise.all(read).then(() => undefined),
      sent: Promise.all(drained).then(behind => behind.reduce((sum, rows) => sum + rows, 0))
    }
  }

  async close(): Promise<void> {
    this.#stopLooking()
    await Promise.all([...this.#ports.values()].map(port => this.#close(port)))
    this.#end.resolve()
  }

  #place(plan: Plan, { sources }: StoredState, now: Placement): Promise<Placement> {
    const kept = new Set(sources.filter(source => fromStored(source).heldTo >= 0).map(({ input }) => input))
    return placementOf(plan, { lookout: new Lookout(), kept, now })
  }

  #open(shard: number, plan: Plan, stored: StoredState): ShardPort {
    const { spool, ...start } = this.#start
    // What it keeps of deleted files belongs to the first.
    const own = { ...start, plan, stored, shard: String(shard), ...(shard === 0 && spool && { spool }) }
    const port = new ShardPort(own, this.#parts)
    port.onLetters = () => this.onLetters()
    port.onAgents = report => this.onAgents(report)
    port.onRows = (tail, rows) => this.onRows(tail, rows, () => port.post({ type: 'more', tail }))
    for (const [tail, wanted] of this.#tails) void port.listen(tail, wanted).catch(() => undefined)
    const end = (): void => {
      if (!port.isClosed) this.#end.resolve()
    }
    port.ended.then(end, (error: unknown) => this.#end.reject(error))
    this.#ports.set(shard, port)
    if (shard > 0) this.#parts.log.info('Inputs are read by a thread of their own', { inputs: inputsOf(port) })
    return port
  }

  async #retire(port: ShardPort): Promise<void> {
    const samples = await port.ask('samples').catch(() => this.#last.get(port)?.samples ?? [])
    this.#last.set(port, { ...this.#last.get(port), samples })
    this.#retired.take(samples)
    await this.#close(port)
  }

  async #close(port: ShardPort): Promise<void> {
    for (const [shard, one] of this.#ports) if (one === port) this.#ports.delete(shard)
    await port.close()
  }

  /** Throws where they can not be. */
  #changesTo(plan: Plan, placement: Placement): Change[] {
    for (const { name, follow } of plan.inputs) {
      const before = this.#plan.inputs.find(input => input.name === name)
      if (before !== undefined && before.follow.shard !== follow.shard)
        throw new Error(`Cannot change "shard" of input "${name}" while the collector runs: it needs a restart`)
    }
    const divided = dividedOutput(plan, placement)
    if (divided !== undefined)
      throw new Error(`Cannot write to output "${divided}" by two threads: a restart puts its inputs together`)
    const changes = [...this.#ports].flatMap(([shard, port]) => {
      const next = partOf(plan, placement, shard)
      return port.isUnsure || !isDeepStrictEqual(port.plan, next) ? [{ port, former: port.plan, next }] : []
    })
    const hung = changes.find(({ port }) => port.stall !== undefined)?.port
    if (hung !== undefined)
      throw new Error(
        `Cannot change what is read beside "${hung.stall!.path}", which does not answer: restart the collector`
      )
    return changes
  }

  /** As far as it goes: a shard that does not answer stays unsure. */
  async #goBack(changes: readonly Change[], opened: readonly ShardPort[]): Promise<void> {
    for (const port of opened) await this.#close(port)
    const changed = changes.filter(({ port, former }) => port.plan !== former)
    for (const { port, former } of changed) await port.change(former).catch(() => undefined)
    for (const { port } of changed) await port.follow().catch(() => undefined)
  }

  /** Whoever does not answer is told by `otherwise`. Rejects where nobody does. */
  async #ask<W extends keyof Answers>(what: W, otherwise: (port: ShardPort) => Answers[W]): Promise<Answers[W][]> {
    const ports = [...this.#ports.values()]
    const answers = await Promise.allSettled(ports.map(port => port.ask(what)))
    const [first] = answers
    const areBusy =
      answers.every(({ status }) => status === 'rejected') && ports.every(port => port.stall === undefined)
    if (areBusy && first?.status === 'rejected') throw first.reason
    return answers.map((answer, index) => {
      const port = ports[index]!
      if (answer.status === 'rejected') return otherwise(port)
      this.#last.set(port, { ...this.#last.get(port), [what]: answer.value })
      return answer.value
    })
  }

  #look(everyMs: number, hangMs: number): void {
    this.#stopLooking = this.#parts.clock.after(everyMs, () => {
      for (const port of this.#ports.values()) port.look(everyMs, hangMs)
      this.#look(everyMs, hangMs)
    })
  }
}

/** What one shard is to do next. */
interface Change {
  readonly port: ShardPort
  readonly former: Plan
  readonly next: Plan
}

function inputsOf({ plan }: ShardPort): string {
  return plan.inputs.map(({ name }) => name).join(', ')
}
