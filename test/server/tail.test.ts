import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventsOf, listen, type ServerEvent } from '../../src/cli/client.ts'
import { IncomingMessage } from 'node:http'
import type { TailRows } from '../../src/pipeline/collector.ts'
import { call, get, token, Stage } from './stage.ts'

let stage: Stage

beforeEach(() => {
  stage = new Stage()
})

afterEach(() => stage.close())

/** Gives these rows, then nothing until it is closed. */
function tailing(...given: TailRows[]) {
  const closed = Promise.withResolvers<undefined>()
  let calls = 0
  return {
    next: () => Promise.resolve(given[calls++] ?? closed.promise),
    close: () => closed.resolve(undefined),
    closed: closed.promise,
    get calls() {
      return calls
    }
  }
}

function rowsOf(lines: string[], leftOut = 0): TailRows {
  return { lines: Buffer.from(lines.map(line => `${line}\n`).join('')), rows: lines.length, leftOut }
}

async function reached(path: string): Promise<IncomingMessage> {
  const answer = await listen(stage.stateDir, path)
  if (answer instanceof IncomingMessage) return answer
  throw new Error(JSON.stringify(answer))
}

describe('rows as they are read', () => {
  test('are events, with what is left out; who goes away ends it', async () => {
    await stage.open()
    const tail = tailing(rowsOf(['{"a":"ä"}', '{}'], 0), rowsOf(['{"b":1}'], 12))
    stage.collector.tailing = tail
    const response = await reached(`/api/v1/tail?format=text&query=${encodeURIComponent('{a="b"} |= "c&d"')}`)
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(stage.collector.calls.at(-1)).toBe('tail {a="b"} |= "c&d" text')
    const events: ServerEvent[] = []
    for await (const event of eventsOf(response)) if (events.push(event) === 4) break
    expect(events).toEqual([
      { name: '', data: '{"a":"ä"}' },
      { name: '', data: '{}' },
      { name: '', data: '{"b":1}' },
      { name: 'left_out', data: '12' }
    ])
    // it never would be: the break above has closed the connection
    await tail.closed
  })

  test('end with the collector', async () => {
    await stage.open()
    const tail = tailing(rowsOf(['last']))
    tail.close()
    stage.collector.tailing = tail
    const events: ServerEvent[] = []
    for await (const event of eventsOf(await reached('/api/v1/tail'))) events.push(event)
    expect(events).toEqual([{ name: '', data: 'last' }])
  })

  test('need the token, as rows of dead letters do', async () => {
    const { address } = await stage.open({ token })
    const tail = tailing()
    tail.close()
    stage.collector.tailing = tail
    expect((await get(address, '/api/v1/tail')).status).toBe(401)
    expect((await call(address, '/api/v1/tail', { method: 'HEAD' })).status).toBe(401)
    expect(stage.collector.calls).toEqual(['start'])
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/tail', { headers })).status).toBe(200)
  })

  test('are shown to nobody who asks for no body, or for what there is not', async () => {
    const { address } = await stage.open({ token })
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/tail', { method: 'HEAD', headers })).status).toBe(200)
    for (const query of ['format=xml', 'color=maybe'])
      expect((await call(address, `/api/v1/tail?${query}`, { headers })).status).toBe(400)
    expect(stage.collector.calls).toEqual(['start'])
    stage.collector.tailing = { error: 'Wrong', position: 3 }
    expect(await call(address, '/api/v1/tail', { headers })).toMatchObject({
      status: 400,
      body: '{"error":"Wrong","position":3}'
    })
    stage.collector.tailing = { error: 'Too many' }
    expect((await call(address, '/api/v1/tail', { headers })).status).toBe(429)
  })
})
