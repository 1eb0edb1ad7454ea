import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { call, get, token, Stage } from './stage.ts'

let stage: Stage

beforeEach(() => {
  stage = new Stage()
})

afterEach(() => stage.close())

describe('server access', () => {
  const change = { method: 'DELETE', body: '{"ids":[1]}' }

  test('loopback lets look without a token, and change only with it', async () => {
    const { address } = await stage.open({ token })
    expect((await get(address, '/api/v1/status')).status).toBe(200)
    expect((await call(address, '/api/v1/dead-letters', change)).status).toBe(401)
    const wrong = { authorization: 'Bearer wrong' }
    expect((await call(address, '/api/v1/dead-letters', { ...change, headers: wrong })).status).toBe(401)
    const right = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/dead-letters', { ...change, headers: right })).status).toBe(200)
  })

  test('without a token in the configuration nothing can be changed over TCP', async () => {
    const { address } = await stage.open()
    const headers = { authorization: 'Bearer undefined' }
    expect((await call(address, '/api/v1/dead-letters', { ...change, headers })).status).toBe(403)
    expect(stage.collector.calls).toEqual(['start'])
  })

  test('other addresses need the token for the whole API, and for nothing else', async () => {
    const { address } = await stage.open({ listen: { host: '0.0.0.0', port: 0 }, token })
    for (const path of ['/api/v1/status', '/', '/%61pi/v1/status', '//api/v1/status']) {
      expect((await get(address, path)).status, path).toBe(401)
    }
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/status', { headers })).status).toBe(200)
    for (const path of ['/livez', '/readyz', '/metrics', '/actuator/health']) {
      expect((await get(address, path)).status, path).toBe(200)
    }
    expect((await get(address, '/actuator/health')).json).not.toHaveProperty('components.state.details')
  })

  test('loopback answers only to its own names', async () => {
    const { address } = await stage.open()
    const port = address.split(':')[1]
    for (const host of [`localhost:${port}`, '127.0.0.1', '[::1]:8080', 'LOCALHOST']) {
      expect((await call(address, '/api/v1/status', { headers: { host } })).status, host).toBe(200)
    }
    for (const host of ['evil.example', `127.0.0.1.evil.example:${port}`, 'localhost.evil', '[::2]', 'a@127.0.0.1']) {
      expect((await call(address, '/livez', { headers: { host } })).status, host).toBe(403)
    }
  })
})
