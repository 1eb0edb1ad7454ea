import { describe, expect, test } from 'vitest'
import type { StateRecord, StoredAgent } from '../../../src/core/record.ts'
import { Agents, type AgentsOptions } from '../../../src/rules/agents/agents.ts'
import type { AgentSighting } from '../../../src/rules/agents/sighting.ts'

const second = 1000
const day = 86_400_000
const epoch = Date.UTC(2026, 10, 22)
const defaults: AgentsOptions = { maxAgents: 10, idleAfterMs: 300 * second, forgetAfterMs: 7 * day }

/** Agents, their time, and what is stored of them. */
class Control {
  ms = 5000
  agents: Agents
  readonly stored = new Map<string, StoredAgent>()
  readonly options: AgentsOptions
  readonly behind = new Map<string, number>()

  constructor(options: Partial<AgentsOptions> = {}) {
    this.options = { ...defaults, ...options }
    this.agents = new Agents(this.options, [], this.ms)
  }

  /** The process ends at once, and another one begins. */
  restart(): void {
    this.ms = 100
    this.agents = new Agents(this.options, [...this.stored.values()], this.ms)
  }

  see(id: string, more: Partial<AgentSighting> = {}): void {
    const now = epoch + this.ms
    const named = {
      id,
      knownBy: 'agent_id' as const,
      service: 'planner',
      host: 'node-1',
      role: '',
      version: '',
      input: 'logs',
      source: 's'
    }
    const counts = { rows: 1, firstAt: now, lastAt: now, heartbeats: 0, beats: [] }
    this.#store(this.agents.merge({ seen: [{ ...named, ...counts, ...more }], refused: 0 }, this.ms))
  }

  beat(id: string): void {
    this.see(id, { heartbeats: 1, beats: [epoch + this.ms] })
  }

  leave(source: string): void {
    this.#store(this.agents.leave([{ source, reason: 'pod_deleted' }]))
  }

  pass(seconds: number): void {
    this.ms += seconds * second
  }

  tick(): void {
    this.#store(this.agents.tick(epoch + this.ms, this.reading))
  }

  get reading() {
    return { at: this.ms, behind: this.behind }
  }

  state(id: string): string | undefined {
    return this.agents.list(this.reading).find(agent => agent.id === id)?.state
  }

  #store(records: readonly StateRecord[]): void {
    for (const record of records) {
      if (record.kind === 'agent') this.stored.set(record.agent.id, record.agent)
      else if (record.kind === 'forgetAgent') this.stored.delete(record.id)
      else throw new Error(record.kind)
    }
  }
}

describe('with an interval that is set', () => {
  test('an agent is late, then offline, and back with its next row', () => {
    const control = new Control({ intervalMs: 30 * second })
    const seen: unknown[] = []
    control.see('a')
    for (const seconds of [0, 44, 2, 46, 2]) {
      control.pass(seconds)
      seen.push(control.state('a'))
    }
    expect(seen).toEqual(['connected', 'connected', 'late', 'late', 'offline'])
    control.see('a')
    expect(control.state('a')).toBe('connected')
  })

  test('rows have time to come here', () => {
    const control = new Control({ intervalMs: second })
    const seen: unknown[] = []
    control.see('a')
    for (const seconds of [4, 1, 2]) {
      control.pass(seconds)
      seen.push(control.state('a'))
    }
    expect(seen).toEqual(['connected', 'late', 'offline'])
  })

  test('one that sends heartbeats is waited for by these, whatever else it says', () => {
    const control = new Control({ intervalMs: 30 * second })
    control.beat('a')
    for (let i = 0; i < 10; i++) {
      control.pass(10)
      control.see('a')
    }
    expect(control.state('a')).toBe('offline')
  })
})

describe('with an interval that is learnt', () => {
  test('an agent is offline when three heartbeats did not come', () => {
    const control = new Control()
    for (let i = 0; i < 6; i++) {
      control.beat('a')
      control.see('a')
      control.pass(20)
    }
    expect(control.state('a')).toBe('connected')
    control.pass(15)
    expect(control.state('a')).toBe('late')
    control.pass(35)
    expect(control.state('a')).toBe('offline')
    expect(control.agents.list(control.reading)).toMatchObject([
      { id: 'a', heartbeatIntervalMs: 20 * second, heartbeatIntervalFrom: 'learnt', lastHeartbeatAt: epoch + 105_000 }
    ])
  })

  test('one with nothing but heartbeats is idle, as is one that says nothing and need not', () => {
    const control = new Control()
    control.see('quiet')
    for (let i = 0; i < 20; i++) {
      control.beat('a')
      control.pass(20)
    }
    expect([control.state('a'), control.state('quiet')]).toEqual(['idle', 'idle'])
  })
})

describe('departure', () => {
  test('an agent that says so has left, for good, and is nobody to wait for', () => {
    const control = new Control({ intervalMs: 30 * second })
    control.see('a')
    control.see('a', { left: { at: epoch + control.ms, reason: 'stopped' } })
    control.pass(4000)
    control.tick()
    expect(control.state('a')).toBe('left')
    control.restart()
    expect(control.state('a')).toBe('left')
  })

  test('what it says within seconds does not bring it back, what it says later does', () => {
    const control = new Control()
    control.see('a', { left: { at: epoch + control.ms, reason: 'stopped' } })
    control.pass(3)
    control.see('a')
    expect(control.state('a')).toBe('left')
    control.pass(3)
    control.see('a')
    expect(control.state('a')).toBe('connected')
  })
})

test('an agent whose pod was deleted has left, until there are rows of it again', () => {
  const control = new Control({ intervalMs: 30 * second })
  control.see('web-1')
  control.see('moved', { source: 't' })
  control.leave('s')
  control.leave('s')
  control.pass(100)
  expect([control.state('web-1'), control.state('moved')]).toEqual(['left', 'offline'])
  control.restart()
  expect(control.agents.list(control.reading)[1]).toMatchObject({ id: 'web-1', left: { reason: 'pod_deleted' } })
  control.pass(100)
  control.see('web-1')
  expect(control.state('web-1')).toBe('connected')
})

test('a failed attempt to connect is offline until one succeeds, or a heartbeat comes', () => {
  const control = new Control()
  const attempt = (isOk: boolean): void => {
    control.pass(1)
    control.see('a', { connection: { at: epoch + control.ms, isOk, errorCode: isOk ? '' : 'ECONNREFUSED' } })
  }
  attempt(false)
  expect(control.state('a')).toBe('offline')
  attempt(true)
  expect(control.state('a')).toBe('connected')
  attempt(false)
  control.pass(1)
  control.beat('a')
  expect(control.state('a')).toBe('connected')
  expect(control.agents.list(control.reading)[0]!.lastConnection).toMatchObject({
    isOk: false,
    errorCode: 'ECONNREFUSED'
  })
})

describe('nobody is offline', () => {
  test('while reading has not come to the end of the input, or the source can not be read', () => {
    for (const place of ['logs', 's']) {
      const control = new Control({ intervalMs: 30 * second })
      control.see('a')
      control.see('other', { input: 'pods', source: 't' })
      control.behind.set(place, control.ms)
      control.pass(600)
      expect([control.state('a'), control.state('other')]).toEqual(['connected', 'offline'])
      control.behind.clear()
      expect(control.state('a')).toBe('offline')
    }
  })

  test('as the collector was stopped, however long; who was before still is', () => {
    const control = new Control({ intervalMs: 30 * second })
    control.see('dead')
    control.pass(200)
    control.see('a')
    control.tick()
    control.restart()
    expect([control.state('a'), control.state('dead')]).toEqual(['connected', 'offline'])
    control.see('dead')
    control.pass(60)
    expect([control.state('a'), control.state('dead')]).toEqual(['late', 'late'])
    control.pass(60)
    expect([control.state('a'), control.state('dead')]).toEqual(['offline', 'offline'])
  })
})

test('all that is known is there after a restart', () => {
  const control = new Control()
  for (let i = 0; i < 6; i++) {
    control.beat('a')
    control.pass(20)
  }
  const connection = { at: epoch + 7, isOk: false, errorCode: 'E' }
  control.see('a', { role: 'r', version: '1', connection })
  control.tick()
  const before = control.agents.list(control.reading)
  control.restart()
  expect(control.agents.list(control.reading)).toEqual(before)
})

test('what is stored by another version, or is nonsense, is taken as far as it goes', () => {
  const agents = new Agents(defaults, [{ id: 'a', facts: { role: 7, leftAt: 'x', lastSeenAt: 'y', more: true } }], 0)
  expect(agents.list({ at: 0, behind: new Map() })).toMatchObject([{ id: 'a', role: '', state: 'connected' }])
})

test('whoever waits for an agent is told its labels when it leaves, and at each start', () => {
  const control = new Control()
  const told: object[] = []
  const listen = (): void => void (control.agents.onLeft = all => told.push(...all))
  listen()
  const left = { at: epoch, reason: 'stopped' } as const
  control.see('here')
  control.see('a', { left })
  control.see('web-1', { left, knownBy: 'pod' })
  control.see('planner@node-1', { left, knownBy: 'service' })
  const service = [{ agent_id: 'planner@node-1' }, { service_name: 'planner', host: 'node-1' }]
  const all = [{ agent_id: 'a' }, { agent_id: 'web-1' }, { pod: 'web-1' }, ...service]
  expect(told.splice(0)).toEqual(all)
  control.restart()
  listen()
  control.agents.tellLeft()
  expect(told).toEqual(all)
})

describe('max_agents', () => {
  test('those that left first make room, others are refused and counted', () => {
    const control = new Control({ maxAgents: 3 })
    for (const id of ['a', 'b', 'c']) {
      control.see(id, id === 'a' ? {} : { left: { at: epoch + control.ms, reason: 'stopped' } })
      control.pass(60)
    }
    control.see('d')
    control.see('e')
    expect([...control.stored.keys()]).toEqual(['a', 'd', 'e'])
    control.see('f')
    control.see('f')
    expect(control.agents.refused).toBe(2)
    expect(control.agents.list(control.reading).map(({ id }) => id)).toEqual(['a', 'd', 'e'])
  })
})

test('an agent is forgotten when it was not seen for long, or when it is told to be', () => {
  const control = new Control()
  control.see('a')
  control.see('b')
  expect(control.agents.forget('b')).toEqual({ kind: 'forgetAgent', id: 'b' })
  expect(control.agents.forget('b')).toBeUndefined()
  control.pass(6 * 86_400)
  control.see('c')
  control.pass(86_401)
  control.tick()
  expect(control.agents.list(control.reading).map(({ id }) => id)).toEqual(['c'])
  expect([...control.stored.keys()]).toEqual(['b', 'c'])
})

test('what has not changed is not stored again', () => {
  const control = new Control()
  control.see('a')
  expect(control.agents.tick(epoch, control.reading)).toEqual([])
  control.see('a')
  expect(control.agents.tick(epoch, control.reading)).toHaveLength(1)
  expect(control.agents.tick(epoch, control.reading)).toEqual([])
})
