import { describe, expect, it } from 'vitest'
import { SendError } from '../../../src/core/errors.ts'
import type { StoredNotice } from '../../../src/core/record.ts'
import { type GroupOptions, Groups } from '../../../src/rules/notify/groups.ts'
import type { NoticeMemory } from '../../../src/rules/notify/notifier.ts'
import { FakeClock } from '../../fakes/clock.ts'
import { alertOf, contextOf, ended, FakeChannel, numbersOf } from './alerts.ts'

const minute = 60_000
const defaults: GroupOptions = {
  groupBy: ['alertname'],
  groupWaitMs: minute / 2,
  groupIntervalMs: 5 * minute,
  repeatIntervalMs: 240 * minute,
  sendResolved: true,
  maxPerMinute: 20
}

/** What a state would hold. */
class Memory implements NoticeMemory {
  readonly #contents = new Map<string, StoredNotice>()

  get notices(): StoredNotice[] {
    return [...this.#contents.values()]
  }

  store(notice: StoredNotice): void {
    const key = `${notice.receiver} ${notice.group}`
    if (notice.content === '') this.#contents.delete(key)
    else this.#contents.set(key, notice)
  }
}

/** As it is stored and read again. */
function copied(memory: Memory): Memory {
  const other = new Memory()
  for (const notice of memory.notices) other.store(JSON.parse(JSON.stringify(notice)) as StoredNotice)
  return other
}

function start(
  options: Partial<GroupOptions> = {},
  clock = new FakeClock(Date.UTC(2026, 0, 1)),
  memory = new Memory()
) {
  const channel = new FakeChannel()
  const context = { ...contextOf(clock), memory }
  const groups = new Groups(channel, { ...defaults, ...options }, context)
  /** As an evaluation: fires now, and is valid for a day. */
  const fires = (alertname: string, host = 'a') => {
    const firedAt = clock.now()
    const alert = alertOf(alertname, { labels: { alertname, host }, firedAt, validUntil: firedAt + 1440 * minute })
    groups.add([alert])
    return alert
  }
  const ends = (alert: ReturnType<typeof fires>) => groups.add([ended(alert, clock.now())])
  const told = () =>
    channel.batches.map(batch => batch.map(({ labels, state }) => `${labels['host']} ${state}`).join(', '))
  return { groups, channel, fires, ends, told, ...context }
}

describe('groups of alerts', () => {
  it('wait for others of the group, and are told in one message', async () => {
    const { fires, told, clock, meter } = start()
    fires('A', 'a')
    await clock.advance(20_000)
    fires('A', 'b')
    fires('B', 'c')
    expect(numbersOf(meter)['collector_rules_waiting_alerts']).toBe(3)
    await clock.advance(10_000)
    expect(told()).toEqual(['a firing, b firing'])
    await clock.advance(20_000)
    expect(told()).toEqual(['a firing, b firing', 'c firing'])
    expect(numbersOf(meter)).toMatchObject({
      collector_rules_sent_alerts_total: 3,
      collector_rules_waiting_alerts: 0,
      'collector_rules_notify_requests_total ok': 2
    })
  })

  it('tell what is new at their interval, all of it, and what has ended once', async () => {
    const { fires, ends, told, clock } = start()
    const a = fires('A', 'a')
    await clock.advance(minute)
    fires('A', 'b')
    await clock.advance(4 * minute)
    expect(told()).toEqual(['a firing'])
    await clock.advance(minute)
    expect(told()).toEqual(['a firing', 'a firing, b firing'])
    ends(a)
    await clock.advance(5 * minute)
    expect(told().slice(2)).toEqual(['a inactive, b firing'])
    ends(a)
    await clock.advance(20 * minute)
    expect(told()).toHaveLength(3)
  })

  it('say nothing new until the same is to be told again', async () => {
    const { fires, groups, told, clock } = start()
    const a = fires('A')
    for (let i = 0; i < 239; i++) {
      await clock.advance(minute)
      groups.add([a])
    }
    expect(told()).toEqual(['a firing'])
    await clock.advance(5 * minute)
    expect(told()).toEqual(['a firing', 'a firing'])
  })

  it('end: that is told, and nothing more', async () => {
    const { fires, ends, told, clock } = start()
    const a = fires('A')
    await clock.advance(minute)
    ends(a)
    await clock.advance(6 * minute)
    ends(a)
    await clock.advance(60 * minute)
    expect(told()).toEqual(['a firing', 'a inactive'])
    fires('A')
    await clock.advance(minute)
    expect(told()).toEqual(['a firing', 'a inactive', 'a firing'])
  })

  it('that end before anybody is told are not told', async () => {
    const { fires, ends, told, clock, meter } = start()
    const a = fires('A')
    await clock.advance(10_000)
    ends(a)
    await clock.advance(10 * minute)
    expect(told()).toEqual([])
    expect(numbersOf(meter)['collector_rules_waiting_alerts']).toBe(0)
  })

  it('keep quiet about ends where nobody wants to know', async () => {
    const { fires, ends, told, clock } = start({ sendResolved: false })
    const a = fires('A', 'a')
    fires('A', 'b')
    await clock.advance(minute)
    ends(a)
    await clock.advance(10 * minute)
    expect(told()).toEqual(['a firing, b firing'])
    fires('A', 'c')
    await clock.advance(10 * minute)
    expect(told()).toEqual(['a firing, b firing', 'b firing, c firing'])
  })

  it('end when nobody speaks of them any more', async () => {
    const { groups, channel, clock } = start()
    const a = alertOf('A', { firedAt: clock.now(), validUntil: clock.now() + 4 * minute })
    groups.add([a])
    await clock.advance(6 * minute)
    expect(channel.batches).toEqual([[a], [{ ...a, state: 'inactive', resolvedAt: a.validUntil }]])
  })

  it('are of one alert each where they are asked to be', async () => {
    const { fires, told, clock } = start({ groupBy: ['...'] })
    fires('A', 'a')
    fires('A', 'b')
    await clock.advance(minute)
    expect(told()).toEqual(['a firing', 'b firing'])
  })

  it('that fire for long already are told at once', async () => {
    const { groups, channel, clock } = start()
    groups.add([
      alertOf('A', { firedAt: clock.now() - 30_000 }),
      alertOf('A', { labels: { alertname: 'A', host: 'b' } })
    ])
    await clock.advance(0)
    expect(channel.batches.map(batch => batch.length)).toEqual([2])
  })
})

describe('a receiver of groups', () => {
  it('gets no more messages in any minute than it takes, and everything in the end', async () => {
    const { fires, channel, clock } = start({ groupBy: ['...'], maxPerMinute: 20 })
    const times: number[] = []
    channel.meet = () => void times.push(clock.monotonic())
    for (let i = 0; i < 70; i++) fires('A', `h${i}`)
    await clock.advance(4 * minute)
    expect(times).toHaveLength(70)
    for (let i = 20; i < 70; i++) expect(times[i]! - times[i - 20]!).toBeGreaterThanOrEqual(minute)
    expect(new Set(channel.batches.flat().map(({ labels }) => labels['host'])).size).toBe(70)
  })

  it('that is away is told once it is back, of what is true then', async () => {
    const { fires, ends, channel, told, clock, groups, meter } = start()
    channel.meet = () => {
      throw new SendError('connection refused', 'retry')
    }
    const a = fires('A', 'a')
    fires('A', 'b')
    await clock.advance(2 * minute)
    expect(groups.status).toMatchObject({ waiting: 2, sent: 0, error: 'connection refused' })
    ends(a)
    channel.meet = () => {}
    const tried = channel.batches.length
    await clock.advance(minute)
    expect(told().slice(tried)).toEqual(['a inactive, b firing'])
    expect(numbersOf(meter)['collector_rules_waiting_alerts']).toBe(0)
  })

  it.each([
    [413, 'waits for others of its group, or for the time to repeat it'],
    [400, 'ends with it']
  ])('that refuses a message (status %d) hears of it no more, until it %s', async status => {
    const { fires, ends, channel, told, clock, meter, groups } = start()
    channel.meet = alerts => {
      if (alerts.length < 2) throw new SendError(`Cannot send to "am": status ${status}`, 'split', { status })
    }
    const a = fires('A', 'a')
    await clock.advance(230 * minute)
    expect(told()).toEqual(['a firing'])
    expect(numbersOf(meter)).toMatchObject({
      collector_rules_dropped_alerts_total: 1,
      collector_rules_sent_alerts_total: 0,
      collector_rules_waiting_alerts: 0,
      'collector_rules_notify_requests_total failed': 1
    })
    expect(groups.status).toMatchObject({ dropped: 1, error: `Cannot send to "am": status ${status}` })
    if (status === 413) fires('A', 'b')
    else ends(a)
    await clock.advance(6 * minute)
    expect(told().slice(1)).toEqual(status === 413 ? ['a firing, b firing'] : ['a inactive'])
    expect(groups.status.dropped).toBe(status === 413 ? 1 : 2)
  })

  it('that refuses a message holds up no other group', async () => {
    const { fires, channel, told, clock } = start()
    channel.meet = alerts => {
      if (alerts[0]!.labels['host'] === 'a') throw new SendError('code 40035', 'split')
    }
    fires('A', 'a')
    fires('B', 'b')
    await clock.advance(minute)
    expect(told()).toEqual(['a firing', 'b firing'])
  })

  it('is told what waits when the collector stops, without more waiting', async () => {
    const { fires, groups, told, clock, channel } = start()
    fires('A')
    await groups.stop(5000)
    expect(told()).toEqual(['a firing'])
    expect(channel.isClosed).toBe(true)
    fires('B')
    await clock.advance(minute)
    expect(told()).toHaveLength(1)
  })

  it('has at most 10,000 alerts in memory', async () => {
    const { groups, clock, meter } = start({ groupBy: [] })
    const alerts = Array.from({ length: 10_010 }, (_, i) => alertOf(`A${i}`))
    groups.add(alerts)
    groups.add(alerts.slice(0, 100))
    expect(numbersOf(meter)['collector_rules_dropped_alerts_total']).toBe(10)
    await groups.stop(5000)
    await clock.settle()
    expect(numbersOf(meter)['collector_rules_sent_alerts_total']).toBe(10_000)
  })
})

describe('groups of an earlier run', () => {
  /** One that has told of two alerts, and was killed `downMs` ago. */
  async function killed(downMs: number, options: Partial<GroupOptions> = {}) {
    const former = start(options)
    const [a, b] = [former.fires('A', 'a'), former.fires('A', 'b')]
    await former.clock.advance(minute)
    expect(former.told()).toEqual(['a firing, b firing'])
    const { memory } = former
    // As it is stored: the clock of the new process begins anew.
    const clock = new FakeClock(former.clock.now() + downMs)
    return { a, b, clock, memory: copied(memory), again: (more = options) => start(more, clock, copied(memory)) }
  }

  it.each([1000, 60 * minute])('are not told again of what fires still, %d ms later', async downMs => {
    const { a, b, clock, again } = await killed(downMs)
    const { groups, told, channel } = again()
    groups.add([a, b])
    await clock.advance(14 * minute)
    expect(told()).toEqual([])
    groups.add([
      { ...a, validUntil: clock.now() + 1440 * minute },
      { ...b, validUntil: clock.now() + 1440 * minute }
    ])
    await clock.advance(240 * minute - downMs)
    expect(told()).toEqual(['a firing, b firing'])
    expect(channel.batches[0]![0]).toMatchObject({ labels: a.labels, value: a.value, firedAt: a.firedAt })
  })

  it('hear of ends, whether they come with the start or nobody speaks of an alert any more', async () => {
    const { a, clock, again } = await killed(10 * minute)
    const { groups, told, memory } = again()
    groups.add([ended(a, clock.now())])
    await clock.advance(5 * minute)
    expect(told()).toEqual(['a inactive, b firing'])
    await clock.advance(20 * minute)
    expect(told()).toEqual(['a inactive, b firing', 'b inactive'])
    expect(memory.notices).toEqual([])
  })

  it('hear of others that come', async () => {
    const { a, b, clock, again } = await killed(1000)
    const { groups, fires, told } = again()
    groups.add([a, b])
    fires('A', 'c')
    await clock.advance(5 * minute)
    expect(told()).toEqual(['a firing, b firing, c firing'])
  })

  it('begin anew where alerts are grouped in another way', async () => {
    const { a, b, clock, again } = await killed(1000)
    const { groups, told, memory } = again({ groupBy: ['host'] })
    expect(memory.notices).toEqual([])
    groups.add([a, b])
    await clock.advance(minute)
    expect(told()).toEqual(['a firing', 'b firing'])
  })

  it('take numbers for what they were', async () => {
    const { fires, groups, clock, memory } = start()
    groups.add([{ ...fires('A'), value: Infinity }])
    await clock.advance(minute)
    const other = start({ repeatIntervalMs: minute }, new FakeClock(clock.now()), memory)
    await other.clock.advance(10 * minute)
    expect(other.channel.batches[0]![0]!.value).toBe(Infinity)
  })
})
