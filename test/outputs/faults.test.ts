import { describe, expect, it } from 'vitest'
import type { Reply } from '../../src/core/http-client.ts'
import type { Client } from '../../src/outputs/elasticsearch/client.ts'
import { sendBulk } from '../../src/outputs/elasticsearch/send.ts'
import { newBody, shipmentOf } from './rows.ts'

async function messageFor(status: number, type: string, reason: string): Promise<string> {
  const body = Buffer.from(JSON.stringify({ error: { type, reason } }))
  const reply: Reply = { status, retryAfter: undefined, body, origin: 'http://es:9200' }
  const client = { request: () => Promise.resolve(reply) } as unknown as Client
  const request = { path: '/x/_bulk', bytes: Buffer.from('{}\n{}\n'), rows: 2, gzipLevel: 0, withIndex: false }
  return sendBulk(client, request, shipmentOf(newBody()), new AbortController().signal).then(
    () => 'none',
    (error: Error) => error.message
  )
}

describe('elasticsearch faults', () => {
  it.each([400, 413, 500])('of status %i quote no row', async status => {
    const message = await messageFor(
      status,
      'parsing_exception',
      'Unrecognized token \'hunter2\' at [Source: "{pass}"]'
    )
    expect(message).toBe(`Cannot send to "http://es:9200": status ${status} (parsing_exception)`)
  })

  it.each([
    [401, 'security_exception', ': check "user" and "password", or "api_key"'],
    [403, 'security_exception', ': check what "user", or "api_key", has the right to'],
    [403, 'cluster_block_exception', ''],
    [404, 'index_not_found_exception', '']
  ])('of status %i, %s, say what to do', async (status, type, advice) => {
    expect(await messageFor(status, type, 'no')).toBe(
      `Cannot send to "http://es:9200": status ${status} (${type}: no)${advice}`
    )
  })

  it.each([401, 403, 404, 429])('of status %i say why', async status => {
    expect(await messageFor(status, 'security_exception', 'missing credentials')).toContain(': missing credentials)')
  })
})
