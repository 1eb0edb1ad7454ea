import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/client.ts'
import { silentLog } from '../../src/core/log.ts'
import { get, Stage } from './stage.ts'

let stage: Stage

beforeEach(() => {
  stage = new Stage()
})

afterEach(() => stage.close())

describe('server sockets', () => {
  test('control.sock is for its owner alone and goes with the server', async () => {
    const server = await stage.open()
    const path = join(stage.stateDir, 'control.sock')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await server.close()
    expect(() => statSync(path)).toThrow('ENOENT')
    expect(await ask(stage.stateDir, { path: '/api/v1/status' })).toBeUndefined()
  })

  test('a socket that nobody listens on is replaced, one that answers is not', async () => {
    writeFileSync(join(stage.stateDir, 'control.sock'), '')
    await stage.open()
    await expect(stage.open()).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('Another collector')
    })
    expect(await ask(stage.stateDir, { path: '/api/v1/status' })).toMatchObject({ stateDir: stage.stateDir })
  })

  test('an address in use is told with the option to change, and leaves nothing open', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const listening = stage.open({ metricsListen: { host: '127.0.0.1', port } })
    await expect(listening).rejects.toThrow(
      `Cannot listen on "127.0.0.1:${port}": another program listens there: stop it, or set "metrics.listen" to another port`
    )
    expect(() => statSync(join(stage.stateDir, 'control.sock'))).toThrow('ENOENT')
    other.close()
  })

  test('goes on without control.sock where the path is too long or can not be written', async () => {
    const warnings: string[] = []
    const log = { ...silentLog, warn: (message: string) => warnings.push(message) }
    for (const dir of [join(stage.stateDir, 'x'.repeat(200)), join(stage.stateDir, 'missing')]) {
      const { address } = await stage.open({ stateDir: dir, log })
      expect((await get(address, '/livez')).status).toBe(200)
    }
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('Cannot open control.sock')
  })

  test('malformed requests get 400 and harm nobody', async () => {
    const { address } = await stage.open()
    const port = Number(address.split(':')[1])
    for (const bytes of ['GET\r\n\r\n', '\u0000\u0001\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`]) {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8')
      socket.write(bytes)
      expect(await text(socket)).toMatch(/^HTTP\/1.1 4\d\d/)
    }
    expect((await get(address, '/livez')).status).toBe(200)
  })
})
