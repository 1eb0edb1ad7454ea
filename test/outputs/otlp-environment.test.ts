import { describe, expect, it } from 'vitest'
import { type OtlpOptions, resourceOf, settingsOf } from '../../src/outputs/otlp/environment.ts'

const tls = { caFile: '', certFile: '', keyFile: '', skipVerify: false }
const none: OtlpOptions = { headers: {}, tls }
const named = (variables: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]))
const urlOf = (variables: Record<string, string>): string => settingsOf(none, named(variables)).url

describe('the environment of OTLP', () => {
  it('has defaults', () => {
    expect(settingsOf(none, {})).toEqual({
      url: 'http://localhost:4318/v1/logs',
      protocol: 'http/protobuf',
      compression: 'gzip',
      headers: {},
      tls,
      timeoutMs: 10_000
    })
    expect(urlOf({ PROTOCOL: 'grpc' })).toBe('http://localhost:4317')
  })

  it.each([
    [{ ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/logs'],
    [{ ENDPOINT: 'http://c:4318/base/' }, 'http://c:4318/base/v1/logs'],
    [{ ENDPOINT: 'http://c:4318?key=1' }, 'http://c:4318/v1/logs?key=1'],
    [{ ENDPOINT: 'http://c:4318', LOGS_ENDPOINT: 'http://l:1/x' }, 'http://l:1/x'],
    [{ LOGS_ENDPOINT: '', ENDPOINT: 'http://c' }, 'http://c/v1/logs'],
    [{ PROTOCOL: 'grpc', ENDPOINT: 'http://c:4317' }, 'http://c:4317'],
    [{ PROTOCOL: 'grpc', ENDPOINT: 'c:4317' }, 'https://c:4317'],
    [{ PROTOCOL: 'grpc', ENDPOINT: 'c:4317', INSECURE: 'true' }, 'http://c:4317']
  ])('finds the address: %o → %s', (variables, url) => {
    expect(urlOf(variables)).toBe(url)
  })

  it('reads all the rest, and lets those for logs win', () => {
    const variables = named({
      PROTOCOL: 'http/json',
      COMPRESSION: 'none',
      LOGS_TIMEOUT: '2500',
      TIMEOUT: '1',
      HEADERS: 'a=1',
      LOGS_HEADERS: 'api-key=x%20y, tenant = t=1 ,',
      CERTIFICATE: '/ca.pem',
      LOGS_CLIENT_CERTIFICATE: '/cert.pem',
      CLIENT_KEY: '/key.pem'
    })
    expect(settingsOf(none, variables)).toMatchObject({
      protocol: 'http/json',
      compression: 'none',
      timeoutMs: 2500,
      headers: { 'api-key': 'x y', tenant: 't=1' },
      tls: { caFile: '/ca.pem', certFile: '/cert.pem', keyFile: '/key.pem', skipVerify: false }
    })
  })

  it('is overruled by options, and not asked where these name an address', () => {
    const variables = named({ ENDPOINT: 'http://c', HEADERS: 'api-key=secret,b=1', COMPRESSION: 'none' })
    expect(settingsOf({ ...none, headers: { b: '2' }, compression: 'zstd' }, variables)).toMatchObject({
      url: 'http://c/v1/logs',
      headers: { 'api-key': 'secret', b: '2' },
      compression: 'zstd'
    })
    expect(settingsOf({ ...none, endpoint: 'http://other' }, variables)).toMatchObject({
      url: 'http://other/v1/logs',
      headers: {},
      compression: 'gzip'
    })
  })

  it.each([
    [{ PROTOCOL: 'http' }, 'PROTOCOL is "http": expected one of http/protobuf, http/json, grpc'],
    [{ COMPRESSION: 'snappy' }, 'COMPRESSION is "snappy": expected one of gzip, zstd, none'],
    [{ TIMEOUT: '10s' }, 'TIMEOUT is "10s": expected milliseconds'],
    [{ ENDPOINT: 'c:4318' }, 'ENDPOINT is not the URL of a server'],
    [{ HEADERS: 'hunter2' }, 'HEADERS is not "name=value", parted by commas'],
    [{ HEADERS: 'a=hunter2%0a' }, 'HEADERS holds what can be no header'],
    [{ HEADERS: ':path=/hunter2' }, 'HEADERS holds what can be no header'],
    [{ HEADERS: 'a=%zzhunter2' }, 'HEADERS has a "%" that does not begin a character']
  ])('refuses what can not be used: %o', (variables, message) => {
    expect(() => settingsOf(none, named(variables))).toThrow(`OTEL_EXPORTER_OTLP_${message}`)
  })

  it('has attributes of the resource', () => {
    const warnings: string[] = []
    const warn = (message: string): void => void warnings.push(message)
    const attributes = 'service.name=a,team=x%2Cy'
    expect(resourceOf({ OTEL_RESOURCE_ATTRIBUTES: attributes }, warn)).toEqual({ 'service.name': 'a', team: 'x,y' })
    const both = { OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: 'b' }
    expect(resourceOf(both, warn)).toEqual({ 'service.name': 'b', team: 'x,y' })
    expect(warnings).toEqual([])
    expect(resourceOf({ OTEL_RESOURCE_ATTRIBUTES: 'a=1,b' }, warn)).toEqual({})
    expect(warnings).toEqual([
      'Cannot take attributes of the resource: OTEL_RESOURCE_ATTRIBUTES is not "name=value", parted by commas'
    ])
  })
})
