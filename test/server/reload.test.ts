import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/client.ts'
import { call, free, get, token, Stage } from './stage.ts'

let stage: Stage

beforeEach(() => {
  stage = new Stage()
})

afterEach(() => stage.close())

const authorization = `Bearer ${token}`
const post = { method: 'POST', headers: { authorization } }
const path = '/api/v1/reload'

describe('reload over the API', () => {
  test('needs the token, from this machine too', async () => {
    const { address } = await stage.open({ token })
    expect((await call(address, path, { method: 'POST' })).status).toBe(401)
    const wrong = { authorization: 'Bearer wrong' }
    expect((await call(address, path, { method: 'POST', headers: wrong })).status).toBe(401)
    expect((await call(address, path)).status).toBe(404)
    expect(stage.collector.calls).toEqual(['start'])
    expect((await call(address, path, post)).status).toBe(200)
    expect(stage.collector.calls).toEqual(['start', 'reload api 127.0.0.1'])
  })

  test('is not possible over TCP without a token in the configuration, nor where metrics are', async () => {
    const { address, metricsAddress } = await stage.open({ metricsListen: free })
    expect((await call(address, path, post)).status).toBe(403)
    expect((await call(metricsAddress!, path, post)).status).toBe(404)
    expect(stage.collector.calls).toEqual(['start'])
  })

  test('tells what has changed', async () => {
    const { address } = await stage.open({ token })
    const { status, body } = await call(address, path, post)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({
      result: 'changed',
      by: 'api 127.0.0.1',
      durationMs: 12,
      changes: { inputs: { added: ['pods'] } },
      problems: []
    })
  })

  test('answers 422 with the places of all mistakes, and 500 where it failed', async () => {
    const { address } = await stage.open({ token })
    stage.collector.reloads = 'refused'
    const refused = await call(address, path, post)
    expect(refused.status).toBe(422)
    const problem = { file: 'a.yaml', line: 3, column: 5, message: 'Unknown key "path"' }
    expect(JSON.parse(refused.body)).toMatchObject({ result: 'refused', problems: [problem] })
    stage.collector.reloads = 'failed'
    expect((await call(address, path, post)).status).toBe(500)
    expect((await get(address, '/actuator/health')).json).toMatchObject({
      status: 'UP',
      components: { configuration: { status: 'UP', details: { lastReload: 'failed' } } }
    })
  })

  test('comes through control.sock without a token', async () => {
    await stage.open()
    expect(await ask(stage.stateDir, { method: 'POST', path })).toMatchObject({ by: 'control.sock' })
  })
})

describe('a server that goes on with other options', () => {
  test('takes another token at once', async () => {
    const server = await stage.open({ token })
    await server.change({ listen: free, metricsListen: undefined, token: 'the-next-token' })
    expect((await call(server.address, path, post)).status).toBe(401)
    const headers = { authorization: 'Bearer the-next-token' }
    expect((await call(server.address, path, { method: 'POST', headers })).status).toBe(200)
  })

  test('opens, moves and closes listeners, and keeps those that stay', async () => {
    const server = await stage.open()
    const { address } = server
    await server.change({ listen: free, metricsListen: free, token: undefined })
    expect(server.address).toBe(address)
    const metrics = server.metricsAddress!
    expect((await get(metrics, '/livez')).status).toBe(200)
    const wide = { host: '0.0.0.0', port: Number(address.split(':')[1]) }
    await server.change({ listen: wide, metricsListen: undefined, token })
    expect(server).toMatchObject({ address: `0.0.0.0:${wide.port}`, metricsAddress: undefined })
    await expect(get(metrics, '/livez')).rejects.toThrow('ECONNREFUSED')
    // who comes from elsewhere needs the token there
    expect((await get(server.address, '/api/v1/status')).status).toBe(401)
    expect((await call(server.address, '/api/v1/status', { headers: { authorization } })).status).toBe(200)
  })

  test('listens where it did before if it can not listen elsewhere', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const taken = { host: '127.0.0.1', port }
    const server = await stage.open({ token, listen: free })
    const moved = { host: '127.0.0.1', port: await freePort() }
    const change = server.change({ listen: moved, metricsListen: taken, token: 'another' })
    await expect(change).rejects.toThrow(`Cannot listen on "127.0.0.1:${port}": another program listens there`)
    expect((await call(server.address, path, post)).status).toBe(200)
    await expect(get(`127.0.0.1:${moved.port}`, '/livez')).rejects.toThrow('ECONNREFUSED')
    other.close()
  })

  test('answers the request that made it move', async () => {
    const server = await stage.open({ token })
    stage.collector.onReload = async () => {
      await server.change({ listen: { host: '127.0.0.1', port: await freePort() }, metricsListen: undefined, token })
    }
    const before = server.address
    expect((await call(before, path, post)).status).toBe(200)
    expect(server.address).not.toBe(before)
    expect((await get(server.address, '/livez')).status).toBe(200)
  })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
