import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TlsFiles } from '../../src/core/tls-files.ts'
import { HttpClient } from '../../src/core/http-client.ts'
import { Authority } from '../e2e/certificates.ts'
import { tempFolder } from '../fakes/folder.ts'

const [first, second] = [new Authority('First CA'), new Authority('Second CA')]

describe('TLS files', () => {
  it('are read again where they have changed, once in five seconds', () => {
    const folder = tempFolder()
    const caFile = join(folder, 'ca.pem')
    const write = (text: string): void => {
      writeFileSync(join(folder, 'new.pem'), text)
      renameSync(join(folder, 'new.pem'), caFile)
    }
    write(first.cert)
    let now = 0
    const files = new TlsFiles({ caFile, certFile: '', keyFile: '', skipVerify: false }, () => now)
    const seen = (): string => String(files.options.ca)
    expect(files.options.rejectUnauthorized).toBe(true)
    write(second.cert)
    now = 4999
    expect(seen()).toBe(first.cert)
    now = 5000
    expect(seen()).toBe(second.cert)
    for (const half of ['', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      write(half || first.cert)
      if (half === '') rmSync(caFile)
      now += 5000
      expect(seen()).toBe(second.cert)
    }
    rmSync(caFile)
    mkdirSync(caFile)
    now += 5000
    expect(seen()).toBe(second.cert)
    rmSync(caFile, { recursive: true })
    write(first.cert)
    now += 5000
    expect(seen()).toBe(first.cert)
  })

  it('are those of connections', async () => {
    const server = createServer(first.issue('server'), (_, response) => response.end('taken'))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const caFile = join(tempFolder(), 'ca.pem')
    writeFileSync(caFile, first.cert)
    const tls = { caFile, certFile: '', keyFile: '', skipVerify: false }
    const { port } = server.address() as AddressInfo
    const client = new HttpClient(`https://127.0.0.1:${port}`, { connections: 1, timeoutMs: 20_000, tls })
    onTestFinished(() => {
      client.close()
      server.close()
    })
    const { signal } = new AbortController()
    const { body } = await client.send({ method: 'GET', path: '/', signal })
    expect(body.toString()).toBe('taken')
  })
})
