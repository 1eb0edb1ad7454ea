import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sourceOf } from '../../fakes/source.ts'
import { MetricStream } from '../../logql/metric-stream.ts'
import { at, Lines, readTime, row } from './lines.ts'

describe('an agent is known by', () => {
  test('its id, whatever row says it first', () => {
    const lines = new Lines().read([row('a', 1), row('b', 3), row('c', 2)])
    expect(lines.agent).toEqual({
      id: 'agent-7',
      knownBy: 'agent_id',
      service: 'planner',
      host: 'node-1',
      role: '',
      version: '',
      input: 'test',
      source: 'AbCdEfGhIjKlMnOp',
      rows: 3,
      firstAt: at(1),
      lastAt: at(3),
      heartbeats: 0,
      beats: []
    })
    expect(lines.delta()).toEqual({ seen: [], refused: 0 })
  })

  test('else its pod, else service and host where the input names a service; rows of nobody are of no agent', () => {
    const resource = { 'host.name': 'node-1', 'kubernetes.pod.name': 'web-1' }
    const pod = sourceOf({ resource, service: 'web', agent: 'web-1' })
    const program = sourceOf({ resource: { 'host.name': 'node-1' }, service: 'auth' })
    const lines = new Lines()
      .read(['{"message":"a"}', '{"message":"a","service":"auth"}'], pod)
      .read(['{"message":"a"}', '{"message":"a","service":"mail"}', 'plain text'], program)
      .read(['{"message":"a","service":"auth"}', '{"message":"a","service":"mail"}', 'plain text', row('a')])
      .read([row('a')], pod)
    expect(lines.delta().seen.map(({ id, service, rows }) => [id, service, rows])).toEqual([
      ['web-1', 'web', 2],
      ['auth@node-1', 'auth', 2],
      ['mail@node-1', 'mail', 1],
      ['agent-7', 'planner', 2]
    ])
  })

  test('an id in any form, as what it stands for', () => {
    const ids = [
      '{"agent.id":17,"m":1}',
      '{"agentId":"é\\u0041","m":1}',
      '{"agent_id":"éA","m":1}',
      '{"agent_id":"","m":1}'
    ]
    expect(
      new Lines()
        .read(ids)
        .delta()
        .seen.map(({ id, rows }) => [id, rows])
    ).toEqual([
      ['17', 1],
      ['éA', 2]
    ])
  })

  test.each(['api', 'x'.repeat(300), `${'é'.repeat(248)}🙂`, '🙂'.repeat(200), `${'\n'.repeat(140)}"`])(
    'the name that rules know it by, whatever its service is: %j',
    service => {
      const lines = [JSON.stringify({ service_name: service, message: 'a' })]
      const known = sourceOf({ resource: { 'host.name': 'node-1' }, service: 'other' })
      const stream = new MetricStream('sum by (agent_id) (count_over_time({region="eu"} [1m]))')
      stream.read(lines, readTime)
      const [sample] = stream.at(readTime)
      expect(new Lines().read(lines, known).agent.id).toBe(sample!.labels['agent_id'])
      expect(sample!.labels['agent_id']).toMatch(/@node-1$/)
    }
  )

  test('no id that is too long, which is counted', () => {
    const { seen, refused } = new Lines().read([row('a', 0, { agent_id: 'x'.repeat(257) }), row('a')]).delta()
    expect([seen.length, refused]).toEqual([1, 1])
  })

  test('role and version, where rows say them', () => {
    const more = { agent_role: 'planner', version: '1.4.0' }
    expect(new Lines().read([row('a', 0, more)]).agent).toMatchObject({ role: 'planner', version: '1.4.0' })
    const later = [row('a'), row('heartbeat', 1, { 'agent.version': '2' })]
    expect(new Lines().read(later).agent).toMatchObject({ role: '', version: '2' })
  })
})

test('more agents than there can be are counted, and take no memory', () => {
  const lines = new Lines()
  let rows = 0
  for (let batch = 0; batch < 60; batch++) {
    lines.read(Array.from({ length: 400 }, (_, i) => row('a', 0, { agent_id: `agent-${batch * 400 + i}` })))
    rows += 400
  }
  const { seen, refused } = lines.delta()
  expect(seen.length).toBe(16_384)
  expect(refused).toBe(rows - seen.length)
  // also when their names were forgotten in between
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
})

test('a row that is ahead of its reading was not seen later than that', () => {
  expect(new Lines().read([row('heartbeat', 9000)]).agent).toMatchObject({ lastAt: readTime, beats: [readTime] })
})

test('rows that the parser drops are of nobody', () => {
  const named = sourceOf({ service: 'planner' })
  expect(new Lines().read(['{"agent_id":"agent-7", no JSON'], named).delta().seen).toEqual([])
})

describe('rows tell of', () => {
  test('heartbeats: the last sixteen times, and how many', () => {
    const beats = Array.from({ length: 20 }, (_, i) =>
      row(i % 2 === 0 ? 'Heartbeat sent' : 'x', i, { event: 'heartbeat' })
    )
    const { heartbeats, beats: times } = new Lines().read([row('hello'), ...beats]).agent
    expect(heartbeats).toBe(20)
    expect(times).toEqual(Array.from({ length: 16 }, (_, i) => at(i + 4)))
  })

  test('the last attempt to connect, with its error code', () => {
    const lines = new Lines()
    expect(lines.read([row('Connected to MCP server', 5)]).agent.connection).toEqual({
      at: at(5),
      isOk: true,
      errorCode: ''
    })
    const refused = row('Cannot connect to MCP server: connect ECONNREFUSED 10.0.0.1:80', 6, { level: 'error' })
    expect(lines.read([row('Connected to MCP server', 5), refused]).agent.connection).toEqual({
      at: at(6),
      isOk: false,
      errorCode: 'ECONNREFUSED'
    })
    const auth = {
      level: 'error',
      event: 'auth_failure',
      error_code: 'AUTH_401',
      action_taken: 'switch_to_offline_mode'
    }
    expect(lines.read([row('token has expired', 7, auth)]).agent.connection).toEqual({
      at: at(7),
      isOk: false,
      errorCode: 'AUTH_401'
    })
  })

  test('events, however many there are', () => {
    const lines = new Lines()
    for (let i = 0; i < 6000; i += 500) {
      lines.read(Array.from({ length: 500 }, (_, j) => row('a', 0, { event: `event-${i + j}` })))
    }
    expect(lines.read([row('bye', 1, { event: 'agent_stopped' })]).agent.left).toEqual({ at: at(1), reason: 'stopped' })
  })

  test('departure, unless the agent is there again behind it', () => {
    const lines = new Lines()
    const stop = row('Agent stopped', 1)
    expect(lines.read([row('a'), stop]).agent.left).toEqual({ at: at(1), reason: 'stopped' })
    expect(lines.read([stop, row('flushed 3 logs', 4)]).agent.left).toEqual({ at: at(1), reason: 'stopped' })
    expect(lines.read([stop, row('working', 7)]).agent.left).toBeUndefined()
    expect(lines.read([stop, row('heartbeat', 2)]).agent.left).toBeUndefined()
    expect(lines.read([stop, row('Connected to MCP server', 2)]).agent.left).toBeUndefined()
    expect(lines.read([row('bye', 1, { event: 'agent_stopped' })]).agent.left?.at).toBe(at(1))
  })
})

test.each([
  ['heartbeat', 'info', 'heartbeat'],
  ['HEARTBEAT ok', 'debug', 'heartbeat'],
  ['heartbeat failed: timeout', 'info', 'nothing'],
  ['heartbeat is late', 'warn', 'nothing'],
  ['Connected to MCP server', 'info', 'connected'],
  ['Reconnected to the server after 3 attempts', 'info', 'connected'],
  ['heartbeat: connected to MCP server', 'info', 'connected'],
  ['connected to database', 'info', 'nothing'],
  ['Connection to MCP server lost', 'warn', 'failed'],
  ['Disconnected from MCP server', 'info', 'failed'],
  ['connecting to MCP server', 'info', 'nothing'],
  ['connection refused', 'error', 'nothing'],
  ['Shutting down', 'info', 'leaving'],
  ['received SIGTERM, shutting down', 'info', 'leaving'],
  ['Shutting down HTTP server', 'info', 'leaving'],
  ['shutting down (signal 15), 3 connections open', 'info', 'leaving'],
  ['shutting down worker 3', 'info', 'nothing'],
  ['Shutting down the idle database connection', 'info', 'nothing'],
  ['shutting down all tools', 'info', 'nothing'],
  ['deregistered from discovery', 'info', 'leaving'],
  ['Agent a-7 unregistered', 'info', 'leaving'],
  ['Tool "search" unregistered', 'info', 'nothing'],
  ['unregistered event handler for "ready"', 'info', 'nothing'],
  ['Agent has stopped', 'info', 'leaving'],
  ['agent stopped responding', 'info', 'nothing'],
  ['agent exited', 'error', 'nothing'],
  ['shutdown hook registered', 'info', 'nothing'],
  ['task stopped', 'info', 'nothing']
])('"%s" at level %s tells %s', (message, level, telling) => {
  for (const hasWorkspace of [true, false]) {
    const { heartbeats, connection, left } = new Lines(hasWorkspace).read([row(message, 0, { level })]).agent
    const told = [
      ...(heartbeats === 1 ? ['heartbeat'] : []),
      ...(connection === undefined ? [] : [connection.isOk ? 'connected' : 'failed']),
      ...(left === undefined ? [] : ['leaving'])
    ]
    expect(told.join() || 'nothing').toBe(telling)
  }
})

test('kernels and the slow way see the same, in any rows', () => {
  const word = fc.constantFrom(
    'Heart',
    'beat',
    'HEARTBEAT',
    'connect',
    'ed to ',
    'mcp server',
    ' shutting down',
    'agent stopped',
    'é',
    ' '
  )
  const line = fc.record({
    message: fc.array(word, { maxLength: 6 }).map(words => words.join('')),
    event: fc.constantFrom(undefined, 'heartbeat', 'auth_failure', 'other'),
    agent_id: fc.constantFrom(undefined, 'a', 'agent-b', 'é\n'),
    service: fc.constantFrom(undefined, 's'),
    level: fc.constantFrom('info', 'error')
  })
  const [quick, slow] = [new Lines(true), new Lines(false)]
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), rows => {
      const lines = rows.map(one => JSON.stringify(one))
      expect(quick.read(lines).delta()).toEqual(slow.read(lines).delta())
    })
  )
})
