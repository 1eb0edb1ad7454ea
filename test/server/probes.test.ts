import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { call, free, get, token, Stage } from './stage.ts'

let stage: Stage

beforeEach(() => {
  stage = new Stage()
})

afterEach(() => stage.close())

describe('server probes', () => {
  test('readyz is 503 only while starting and draining', async () => {
    const { address } = await stage.open()
    for (const [ready, status] of [
      ['starting', 503],
      ['ready', 200],
      ['draining', 503]
    ] as const) {
      stage.collector.ready = ready
      expect(await get(address, '/readyz')).toMatchObject({ status, json: { status: ready } })
      expect((await get(address, '/livez')).status).toBe(200)
    }
  })

  test('readyz stays 200 while an output is paused and the state directory is full, and says the latter', async () => {
    const { address } = await stage.open()
    expect((await get(address, '/readyz')).json).toEqual({ status: 'ready' })
    stage.collector.degraded = ['Cannot write']
    const { status, json } = await get(address, '/readyz')
    expect(status).toBe(200)
    expect(json).toEqual({ status: 'ready', degraded: true })
  })

  test('health is UP with a paused output, and says so', async () => {
    const { address } = await stage.open()
    const { status, json } = await get(address, '/actuator/health')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      status: 'UP',
      components: {
        outputs: { status: 'UP', details: { 'default/es': 'paused: status_401' } },
        state: { status: 'UP' }
      }
    })
  })

  test('health is DOWN while the state directory can not be written, OUT_OF_SERVICE while draining', async () => {
    const { address } = await stage.open()
    stage.collector.degraded = ['Cannot write']
    expect(await get(address, '/actuator/health')).toMatchObject({
      status: 503,
      json: { status: 'DOWN', components: { state: { status: 'DOWN', details: { problems: ['Cannot write'] } } } }
    })
    stage.collector.degraded = []
    stage.collector.ready = 'draining'
    expect(await get(address, '/actuator/health')).toMatchObject({ status: 503, json: { status: 'OUT_OF_SERVICE' } })
  })

  test('health is UP with inputs that hang, and says where', async () => {
    const { address } = await stage.open()
    stage.collector.stalled = [{ inputs: ['far'], path: '/mnt/far/a.log', since: 1000 }]
    expect(await get(address, '/actuator/health')).toMatchObject({
      status: 200,
      json: {
        status: 'UP',
        components: { inputs: { status: 'UNKNOWN', details: { stalled: stage.collector.stalled } } }
      }
    })
  })

  test('health tells what is known when the shard does not answer', async () => {
    const { address } = await stage.open()
    stage.collector.status = () => Promise.reject(new Error('No answer from the shard within 3000 ms'))
    const { status, json } = await get(address, '/actuator/health')
    expect(status).toBe(200)
    expect(json).toMatchObject({
      status: 'UP',
      components: {
        collector: { status: 'UP', details: { state: 'ready' } },
        inputs: { status: 'UP', details: { unknown: expect.any(String) } },
        outputs: { status: 'UP', details: { unknown: expect.any(String) } }
      }
    })
  })

  test('health counts all sources, not those that a status lists', async () => {
    const { address } = await stage.open()
    stage.collector.sourceCount = 1234
    expect((await get(address, '/actuator/health')).json).toMatchObject({
      components: { inputs: { details: { sources: 1234 } } }
    })
  })

  test('probes take HEAD and refuse other methods', async () => {
    const { address } = await stage.open()
    expect(await call(address, '/livez', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect((await call(address, '/livez', { method: 'POST' })).status).toBe(405)
  })
})

describe('server metrics', () => {
  test('are the samples in Prometheus format, labels escaped', async () => {
    stage.collector.sampleRows = [
      { name: 'collector_input_read_bytes_total', labels: ['a"b\\c\nd'], value: 42 },
      { name: 'collector_input_sources', labels: ['agent'], value: 3 },
      { name: 'collector_rows_total', labels: ['es', 'delivered'], value: Number.NaN },
      { name: 'collector_rows_total', labels: ['es', 'duplicate'], value: 5 }
    ]
    const { address } = await stage.open()
    const { status, headers, body } = await call(address, '/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(body).toContain('# TYPE collector_input_read_bytes_total counter\n')
    expect(body).toContain('collector_input_read_bytes_total{input="a\\"b\\\\c\\nd"} 42\n')
    expect(body).toContain('# TYPE collector_input_sources gauge\ncollector_input_sources{input="agent"} 3\n')
    expect(body).toContain('collector_rows_total{output="es",end="duplicate"} 5\n')
    expect(body).not.toContain('NaN')
    expect(body).toMatch(/^process_cpu_seconds_total \d/m)
    expect(body).toMatch(/^process_resident_memory_bytes \d/m)
  })

  test('have what the configuration makes of rows, with traces for who asks for OpenMetrics', async () => {
    stage.collector.sampleRows = [{ name: 'collector_rows_total', labels: ['es', 'delivered'], value: 5 }]
    const exemplars = [{ traceId: 'f'.repeat(32), value: 1, at: 1500 }]
    stage.collector.familyRows = [
      {
        name: 'logins_total',
        help: 'Logins',
        type: 'counter',
        labels: ['user'],
        bounds: [],
        series: [{ values: ['$&'], value: 2, counts: [], exemplars, readAt: 1 }]
      }
    ]
    const { address } = await stage.open()
    const plain = await call(address, '/metrics')
    expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(plain.body).toContain('# HELP logins_total Logins\n# TYPE logins_total counter\nlogins_total{user="$&"} 2\n')
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2'
    const open = await call(address, '/metrics', { headers: { accept } })
    expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(open.body).toContain('# TYPE collector_rows counter\ncollector_rows_total{output="es",end="delivered"} 5\n')
    expect(open.body).toContain('# TYPE logins counter\nlogins_total{user="$&"} 2 # {trace_id="ffff')
    expect(open.body).toMatch(/ffff"\} 1 1\.5\n# EOF\n$/)
  })

  test('follow the samples from scrape to scrape', async () => {
    const { address } = await stage.open()
    for (const value of [1, 2, 7]) {
      stage.collector.sampleRows = [{ name: 'collector_state_dead_letters', labels: ['es'], value }]
      expect((await call(address, '/metrics')).body).toContain(`collector_state_dead_letters{output="es"} ${value}\n`)
    }
  })

  test('listener of their own has no API and no details', async () => {
    const { metricsAddress } = await stage.open({ metricsListen: free, token })
    expect((await get(metricsAddress!, '/metrics')).status).toBe(200)
    expect((await get(metricsAddress!, '/readyz')).status).toBe(200)
    const health = await get(metricsAddress!, '/actuator/health')
    expect(health.json).toEqual({
      status: 'UP',
      components: {
        collector: { status: 'UP' },
        state: { status: 'UP' },
        configuration: { status: 'UP' },
        inputs: { status: 'UP' },
        outputs: { status: 'UP' }
      }
    })
    const authorization = `Bearer ${token}`
    expect((await call(metricsAddress!, '/api/v1/status', { headers: { authorization } })).status).toBe(404)
  })
})
