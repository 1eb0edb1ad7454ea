import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Addresses, isNetwork, refusedCode } from '../../src/core/addresses.ts'
import { HttpClient } from '../../src/core/http-client.ts'

const open = { allow: [], deny: [] }
const metadata = [
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://169.254.43518/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::1]/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://100.100.100.200/',
  'http://[64:ff9b::100.100.100.200]/',
  'http://[2002:a83f:8110::1]/',
  'http://[::ffff:0:169.254.169.254]/'
]

describe('addresses', () => {
  it.each(metadata)('refuses %s, unless it is allowed', url => {
    const { hostname } = new URL(url)
    expect(new Addresses(open).refuses(hostname)).toBe(true)
    const allow = [hostname.replace(/^\[|\]$/g, '')]
    expect(new Addresses({ allow, deny: ['private'] }).refuses(hostname)).toBe(false)
  })

  it.each(['8.8.8.8', '10.0.0.1', '127.0.0.1', '[::1]', '[2001:db8::1]', '[fd00::1]', 'localhost', 'metadata'])(
    'lets %s pass',
    host => expect(new Addresses(open).refuses(host)).toBe(false)
  )

  it.each([
    '10.0.0.1',
    '127.0.0.1',
    '0.0.0.0',
    '172.31.0.1',
    '192.168.0.1',
    '[::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::10.0.0.1]'
  ])('refuses %s where private ones are denied', host =>
    expect(new Addresses({ allow: [], deny: ['private'] }).refuses(host)).toBe(true)
  )

  it('allows a part of what it denies', () => {
    const addresses = new Addresses({ allow: ['10.1.0.0/16'], deny: ['private', '8.8.8.8'] })
    const refused = ['10.1.2.3', '10.2.0.1', '8.8.8.8', '8.8.4.4'].map(host => addresses.refuses(host))
    expect(refused).toEqual([false, true, true, false])
  })

  it('knows networks', () => {
    const texts = [
      '10.0.0.0/8',
      '10.0.0.1',
      '::1',
      'fd00::/8',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.0/',
      'host',
      '10.0.0'
    ]
    expect(texts.map(isNetwork)).toEqual([true, true, true, true, false, false, false, false, false])
  })
})

describe('a name', () => {
  it('is judged by the address that is connected to, each time', async () => {
    let connections = 0
    const server = createServer(socket => {
      connections++
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    let stands = '127.0.0.1'
    const addresses = new Addresses(open, (_name, _options, answer) => answer(null, [{ address: stands, family: 4 }]))
    const { port } = server.address() as AddressInfo
    const tls = { caFile: '', certFile: '', keyFile: '', skipVerify: false }
    const client = new HttpClient(`http://rebinds.example:${port}`, {
      connections: 1,
      timeoutMs: 5000,
      tls,
      lookup: addresses.lookup
    })
    onTestFinished(() => client.close())
    const ask = () => client.send({ method: 'GET', path: '/', signal: new AbortController().signal })
    expect((await ask()).status).toBe(200)
    stands = '169.254.169.254'
    await expect(ask()).rejects.toMatchObject({
      code: refusedCode,
      message: `Cannot send to "http://rebinds.example:${port}": the address 169.254.169.254 is refused`
    })
    expect(connections).toBe(1)
  })

  it('loses those of its addresses that are refused', async () => {
    const all = [
      { address: '169.254.169.254', family: 4 },
      { address: '127.0.0.1', family: 4 }
    ]
    const addresses = new Addresses(open, (_name, _options, answer) => answer(null, all))
    const found = await new Promise((resolve, reject) => {
      addresses.lookup('a', { all: true }, (error, found) => (error === null ? resolve(found) : reject(error)))
    })
    expect(found).toEqual([{ address: '127.0.0.1', family: 4 }])
  })
})
