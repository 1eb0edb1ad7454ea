import { describe, expect, it } from 'vitest'
import { Meter } from '../../src/core/metrics.ts'
import type { Lane, TurnEnd, Sink } from '../../src/pipeline/lane.ts'
import { Turns } from '../../src/pipeline/turns.ts'
import { FakeClock } from '../fakes/clock.ts'

/** An output as far as turns know it: lanes wait for it. */
const outputOf = (): Sink => ({}) as Sink

/** A lane with so many chunks to read. */
class FakeLane {
  readTo = 0
  partialDue = Infinity
  expired = 0
  takers: readonly { readonly delivery: Sink }[]
  ahead: Lane | undefined
  behind: Lane | undefined
  readonly #name: string
  readonly #stage: Stage
  chunks: number
  ends: TurnEnd = 'idle'
  /** What the next turn ends with; 'apart' does so once. */
  fate: TurnEnd | undefined

  constructor(name: string, chunks: number, stage: Stage, delivery = outputOf()) {
    this.#name = name
    this.chunks = chunks
    this.#stage = stage
    this.takers = [{ delivery }]
  }

  turn(): TurnEnd {
    this.#stage.order.push(this.#name)
    this.#stage.clock.move(this.#stage.turnMs)
    if (this.#stage.isFull) return 'full'
    if (this.fate !== undefined) {
      const { fate } = this
      if (fate === 'apart') this.fate = undefined
      return fate
    }
    if (this.chunks === 0) return this.ends
    this.chunks--
    this.readTo++
    return this.chunks > 0 ? 'more' : this.ends
  }

  expirePartial(now: number): boolean {
    if (now < this.partialDue) return false
    this.expired++
    this.partialDue = Infinity
    return this.chunks > 0
  }
}

class Stage {
  readonly clock = new FakeClock()
  readonly order: string[] = []
  turnMs = 3
  isFull = false
  canRead = true
  asked = 0
  between = 0
  progressed = 0
  readonly finished: Lane[] = []
  readonly parts = new Map<Lane, Lane>()
  readonly seconds = new Meter().of('collector_shard_turn_seconds_total', '0')
  readonly turns = new Turns({
    clock: this.clock,
    canRead: () => {
      this.asked++
      return this.canRead
    },
    seconds: this.seconds,
    between: () => void this.between++,
    part: lane => this.parts.get(lane)!,
    meet: lane => {
      const ahead = lane.ahead as FakeLane & Lane
      ahead.takers = [...ahead.takers, ...lane.takers]
      return ahead
    },
    finished: lane => void this.finished.push(lane),
    progressed: () => void this.progressed++
  })

  lane(name: string, chunks: number, delivery?: Sink): FakeLane & Lane {
    // a real lane has private parts, which turns can not see either
    const lane = new FakeLane(name, chunks, this, delivery) as unknown as FakeLane & Lane
    this.turns.add(lane)
    return lane
  }

  /** Lets everything run that is due now. */
  async settle(): Promise<void> {
    for (let slice = 0; slice < 50; slice++) await this.clock.settle()
  }
}

describe('turns', () => {
  it('give a lane with much to read no more than its share', async () => {
    const stage = new Stage()
    const busy = stage.lane('busy', 20)
    stage.lane('a', 2)
    stage.lane('b', 2)
    stage.turns.start()
    await stage.settle()
    expect(stage.order.slice(0, 6)).toEqual(['busy', 'a', 'b', 'busy', 'a', 'b'])
    expect(busy.chunks).toBe(0)
    expect(stage.order.length).toBe(24)
  })

  it('let sockets have the thread between slices, and count the time', async () => {
    const stage = new Stage()
    stage.lane('a', 30)
    stage.turns.start()
    await stage.clock.settle()
    // a slice ends with the turn that goes over 8 ms
    expect(stage.order.length).toBe(3)
    await stage.settle()
    expect(stage.between).toBe(10)
    expect(stage.progressed).toBe(10)
    expect(stage.seconds.value).toBeCloseTo(0.09)
  })

  it('begin with nothing before start, and end with stop', async () => {
    const stage = new Stage()
    stage.lane('a', 5)
    await stage.settle()
    expect(stage.order).toEqual([])
    stage.turns.start()
    stage.turns.stop()
    await stage.settle()
    stage.lane('b', 1)
    await stage.settle()
    expect(stage.order).toEqual([])
  })

  it('ask no lane again that has nothing to read, until it is added', async () => {
    const stage = new Stage()
    const lane = stage.lane('a', 1)
    stage.turns.start()
    await stage.settle()
    expect(stage.order).toEqual(['a'])
    lane.chunks = 1
    stage.turns.add(lane)
    stage.turns.add(lane)
    await stage.settle()
    expect(stage.order).toEqual(['a', 'a'])
  })

  it('bring lanes back whose output has room, and no others', async () => {
    const stage = new Stage()
    const [one, two] = [outputOf(), outputOf()]
    const lane = stage.lane('a', 1, one)
    stage.lane('b', 1, two)
    stage.isFull = true
    stage.turns.start()
    await stage.settle()
    stage.turns.add(lane)
    await stage.settle()
    expect(stage.order).toEqual(['a', 'b'])
    stage.isFull = false
    stage.turns.resume(one)
    await stage.settle()
    expect(stage.order).toEqual(['a', 'b', 'a'])
  })

  it('give lanes that read again what another has read every second slice, and all of them when nobody else has work', async () => {
    const stage = new Stage()
    stage.turnMs = 10
    const live = stage.lane('live', 4)
    const late = stage.lane('late', 6)
    stage.turns.remove(late)
    late.ahead = live
    stage.turns.add(late)
    stage.turns.start()
    await stage.settle()
    expect(stage.order).toEqual(['live', 'late', 'live', 'late', 'live', 'late', 'live', 'late', 'late', 'late'])
  })

  it('let the outputs that have room go on without the others', async () => {
    const stage = new Stage()
    stage.turnMs = 10
    const [one, two] = [outputOf(), outputOf()]
    const left = stage.lane('two', 1, two)
    stage.turns.remove(left)
    const lane = stage.lane('one', 2, one)
    lane.fate = 'apart'
    left.ahead = lane
    stage.parts.set(lane, left)
    left.fate = 'full'
    stage.turns.start()
    await stage.settle()
    expect(stage.order).toEqual(['one', 'two', 'one', 'one'])
    left.fate = undefined
    stage.turns.resume(two)
    await stage.settle()
    expect(stage.order).toEqual(['one', 'two', 'one', 'one', 'two'])
  })

  it('bring back a lane that waited for room, when one that has room comes to it', async () => {
    const stage = new Stage()
    const [one, two] = [outputOf(), outputOf()]
    const ahead = stage.lane('ahead', 1, one)
    ahead.fate = 'full'
    stage.turns.start()
    await stage.settle()
    const late = stage.lane('late', 1, two)
    stage.turns.remove(late)
    late.ahead = ahead
    late.fate = 'met'
    stage.turns.add(late)
    ahead.fate = undefined
    await stage.settle()
    expect(stage.order).toEqual(['ahead', 'late', 'ahead'])
    expect(stage.turns.isIdle).toBe(true)
  })

  it('wake a lane that waited for the one ahead of it', async () => {
    const stage = new Stage()
    const ahead = stage.lane('ahead', 2)
    const late = stage.lane('late', 0)
    late.ahead = ahead
    ahead.behind = late
    stage.turns.start()
    await stage.settle()
    expect(stage.order.filter(name => name === 'late').length).toBeGreaterThan(1)
  })

  it('wait while nothing may be read, and go on by themselves', async () => {
    const stage = new Stage()
    stage.canRead = false
    stage.lane('a', 1)
    stage.turns.start()
    await stage.settle()
    await stage.clock.advance(5000)
    expect(stage.order).toEqual([])
    stage.canRead = true
    await stage.clock.advance(1000)
    await stage.settle()
    expect(stage.order).toEqual(['a'])
  })

  it('ask once a second whether they may read, however often lanes are woken', async () => {
    const stage = new Stage()
    stage.canRead = false
    const lane = stage.lane('a', 1)
    stage.turns.start()
    for (let i = 0; i < 100; i++) {
      stage.turns.add(lane)
      await stage.clock.advance(10)
    }
    const before = stage.asked
    await stage.clock.advance(10_000)
    expect(stage.asked - before).toBeLessThanOrEqual(11)
  })

  it('tell which lanes have come to the end of their source', async () => {
    const stage = new Stage()
    const lane = stage.lane('a', 2)
    lane.ends = 'finished'
    stage.turns.start()
    await stage.settle()
    expect(stage.finished).toEqual([lane])
  })

  it('expire no line while the state can not be written, and go on with those that grew after all', async () => {
    const stage = new Stage()
    stage.turnMs = 0
    const lane = stage.lane('a', 1)
    lane.partialDue = 5000
    stage.turns.start()
    await stage.settle()
    stage.canRead = false
    await stage.clock.advance(20_000)
    expect(lane.expired).toBe(0)
    expect(stage.asked).toBeLessThanOrEqual(20)
    stage.canRead = true
    lane.chunks = 1
    await stage.clock.advance(1000)
    await stage.settle()
    expect([lane.expired, lane.chunks]).toEqual([1, 0])
  })

  it('expire unfinished lines when they are due, those of removed lanes never', async () => {
    const stage = new Stage()
    stage.turnMs = 0
    const [lane, gone] = [stage.lane('a', 1), stage.lane('b', 1)]
    lane.partialDue = 5000
    gone.partialDue = 5000
    stage.turns.start()
    await stage.settle()
    stage.turns.remove(gone)
    await stage.clock.advance(4990)
    expect(lane.expired).toBe(0)
    await stage.clock.advance(20)
    expect(lane.expired).toBe(1)
    expect(gone.expired).toBe(0)
  })
})
