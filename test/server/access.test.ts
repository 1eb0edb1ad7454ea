import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/client.ts'
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

  test('other addresses need the token for the API and the metrics, and for nothing else', async () => {
    const { address } = await stage.open({ listen: { host: '0.0.0.0', port: 0 }, token })
    for (const path of ['/api/v1/status', '/', '/%61pi/v1/status', '//api/v1/status']) {
      expect((await get(address, path)).status, path).toBe(401)
    }
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/status', { headers })).status).toBe(200)
    expect((await get(address, '/metrics')).status).toBe(401)
    expect((await call(address, '/metrics', { headers })).status).toBe(200)
    for (const path of ['/livez', '/readyz', '/actuator/health']) {
      expect((await get(address, path)).status, path).toBe(200)
    }
    expect((await get(address, '/actuator/health')).json).not.toHaveProperty('components.state.details')
  })

  test('rows of dead letters need the token on loopback, too', async () => {
    const { address } = await stage.open({ token })
    for (const path of ['/api/v1/dead-letters/2', '/api/v1/dead%2dletters/2', '/%61pi/v1/dead-letters/2?x=1']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await call(address, path, { method })
        expect(answer.body, path).not.toContain('row 2')
        expect(answer.status, path).not.toBe(200)
      }
    }
    expect((await get(address, '/api/v1/dead-letters')).status).toBe(200)
    const { status, headers } = await call(address, '/api/v1/dead-letters/2')
    expect({ status, way: headers['www-authenticate'] }).toEqual({ status: 401, way: 'Bearer' })
    const right = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/dead-letters/2', { headers: right })).body).toContain('row 2')
  })

  test('rows of dead letters are not there over TCP without a token in the configuration', async () => {
    const { address } = await stage.open()
    expect((await get(address, '/api/v1/dead-letters/2')).status).toBe(403)
    expect(await ask(stage.stateDir, { path: '/api/v1/dead-letters/2' })).toMatchObject({ id: 2 })
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
