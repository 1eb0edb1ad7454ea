import { writeFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { type AddressInfo, connect, createServer as createPlain, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { Client } from '../../src/outputs/elasticsearch/client.ts'
import { needsPerson, requestError } from '../../src/core/request-error.ts'
import { Authority } from '../e2e/certificates.ts'
import { tempFolder } from '../fakes/folder.ts'

const authority = new Authority('Test CA')
const identity = authority.issue('server')

interface Failure {
  readonly code: string
  readonly message: string
  readonly isUnsent: boolean
}

/** What a request to the server fails with. */
async function failure(server: Server, host: string, ca = ''): Promise<Failure> {
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  const caFile = ca === '' ? '' : join(tempFolder(), 'ca.pem')
  if (ca !== '') writeFileSync(caFile, ca)
  const { port } = server.address() as AddressInfo
  const endpoints = [`https://${host}:${port}`]
  const tls = { caFile, certFile: '', keyFile: '', skipVerify: false }
  const options = { endpoints, connections: 1, timeoutMs: 5000, apiKey: '', user: '', password: '', tls }
  const client = new Client(options, systemClock)
  onTestFinished(() => {
    client.close()
    server.close()
  })
  const { signal } = new AbortController()
  const error = await client.request({ method: 'GET', path: '/', signal }).catch((thrown: unknown) => thrown)
  const { code, message, isUnsent } = error as Failure
  return { code, message: message.replace(`:${port}`, ':9200'), isUnsent }
}

const secure = (options: ServerOptions): Server => createServer(options, (_, response) => response.end())

describe('elasticsearch over TLS', () => {
  it('says that a certificate is not trusted, and what to set', async () => {
    const { code, message } = await failure(secure(identity), '127.0.0.1')
    expect(code).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(message).toBe(
      'Cannot send to "https://127.0.0.1:9200": the certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE): set "tls.ca_file"'
    )
  })

  it('says that a server speaks no TLS', async () => {
    const server = createPlain(socket => {
      socket.on('error', () => undefined)
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    const { code, message } = await failure(server, '127.0.0.1')
    expect(message).toBe(
      `Cannot send to "https://127.0.0.1:9200": the server does not speak TLS (${code}): should the address begin with "http://"?`
    )
    expect(needsPerson(code)).toBe(true)
  })

  it('says which names a certificate is for', async () => {
    const { code, message, isUnsent } = await failure(secure(identity), '127.0.0.2', authority.cert)
    expect({ code, isUnsent }).toEqual({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', isUnsent: true })
    expect(message).toBe(
      'Cannot send to "https://127.0.0.2:9200": the certificate is not for "127.0.0.2" but for "localhost, 127.0.0.1" (ERR_TLS_CERT_ALTNAME_INVALID)'
    )
  })

  it('does not take a request for unsent whose connection breaks when it has arrived', async () => {
    const links: (() => void)[] = []
    const server = createServer(identity, () => {
      for (const breakOff of links) breakOff()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const between = createPlain(socket => {
      const onward = connect(port, '127.0.0.1')
      for (const side of [socket, onward]) side.on('error', () => undefined)
      socket.pipe(onward).pipe(socket)
      links.push(() => {
        onward.destroy()
        socket.write('no record of TLS')
      })
    })
    const { code, isUnsent } = await failure(between, '127.0.0.1', authority.cert)
    expect(code).toMatch(/^(ERR_SSL_|EPROTO$)/)
    expect(isUnsent).toBe(false)
  })

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): set "tls.ca_file"'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'the certificate is not trusted (SELF_SIGNED_CERT_IN_CHAIN): set "tls.ca_file"'],
    [
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'the certificate is not trusted (UNABLE_TO_GET_ISSUER_CERT_LOCALLY): set "tls.ca_file"'
    ],
    ['CERT_HAS_EXPIRED', 'the certificate has expired (CERT_HAS_EXPIRED)'],
    ['CERT_NOT_YET_VALID', 'the certificate is not valid yet (CERT_NOT_YET_VALID): is the clock right?'],
    ['EPROTO', 'the words of OpenSSL'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate is not for "a" but for "b, c" (ERR_TLS_CERT_ALTNAME_INVALID)']
  ])('explains %s, and keeps its code', (code, text) => {
    const cause = Object.assign(new Error('the words of OpenSSL'), {
      code,
      host: 'a',
      cert: { subjectaltname: 'DNS:b, DNS:c' }
    })
    const error = requestError(cause, 'https://a')
    expect(error).toMatchObject({ code, isUnsent: true, message: `Cannot send to "https://a": ${text}` })
    expect(needsPerson(code)).toBe(true)
  })
})
