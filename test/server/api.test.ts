import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../../src/cli/client.ts'
import { newLedger } from '../../src/core/outcome.ts'
import type { LedgerRow } from '../../src/pipeline/collector.ts'
import type { AgentStatus } from '../../src/rules/agents/agent.ts'
import type { AccountPage } from '../../src/server/accounts.ts'
import { call, get, token, Stage } from './stage.ts'

let stage: Stage

beforeEach(() => {
  stage = new Stage()
})

afterEach(() => stage.close())

describe('server api', () => {
  test('tells status and ledger', async () => {
    const { address } = await stage.open()
    expect(await get(address, '/api/v1/status')).toMatchObject({
      status: 200,
      json: { stateDir: stage.stateDir, ready: 'ready' }
    })
    expect(await get(address, '/api/v1/ledger')).toMatchObject({
      status: 200,
      json: { rows: [{ output: 'default/es', ledger: { read: 10, delivered: 7, dead_lettered: 1, pending: 1 } }] }
    })
  })

  test('gives accounts in pages, with the sums of all', async () => {
    const { address } = await stage.open()
    const all = Array.from({ length: 25 }, (_, i) => ['default/es', 'default/two'].map(id => account(i, id))).flat()
    // what comes first while rows are read is chance
    stage.collector.ledgers = () => Promise.resolve(all.toSorted(() => Math.random() - 0.5))
    const read = async (query: string): Promise<AccountPage> => {
      return (await get(address, `/api/v1/ledger?${query}`)).json as AccountPage
    }
    const names = new Set<string>()
    let after = ''
    for (let page = 0; page < 7; page++) {
      const { rows, total, next } = await read(`limit=8&after=${encodeURIComponent(after)}`)
      for (const { source, output } of rows) names.add(`${source} ${output}`)
      expect(total).toMatchObject({
        accounts: 50,
        read: 500,
        delivered: 450,
        pending: 0,
        lostBytes: { too_large: 250 }
      })
      expect(next === undefined).toBe(page === 6)
      after = next ?? ''
    }
    expect(names.size).toBe(50)
    expect((await read('output=default/two&input=odd')).total.accounts).toBe(12)
    expect((await read(`source=${all[0]!.source}`)).rows).toHaveLength(2)
    expect((await read('source=/24.log&output=default/es')).rows).toMatchObject([{ name: '/var/log/24.log' }])
    expect((await get(address, '/api/v1/ledger?limit=0')).status).toBe(400)
  })

  test('lists dead letters in pages, newest first', async () => {
    const { address } = await stage.open({ token })
    const first = await get(address, '/api/v1/dead-letters?limit=2')
    expect(first.json).toMatchObject({ letters: [{ id: 3 }, { id: 2 }], next: 2 })
    const second = await get(address, '/api/v1/dead-letters?limit=2&before=2')
    expect(second.json).toMatchObject({ letters: [{ id: 1 }] })
    expect(second.json).not.toHaveProperty('next')
    expect((await get(address, '/api/v1/dead-letters?output=default/audit')).json).toMatchObject({
      letters: [{ id: 3 }]
    })
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/dead-letters/2', { headers })).body).toContain('row 2')
    expect((await call(address, '/api/v1/dead-letters/9', { headers })).status).toBe(404)
    for (const query of ['limit=0', 'limit=-1', 'limit=x', 'before=1.5']) {
      expect((await get(address, `/api/v1/dead-letters?${query}`)).status).toBe(400)
    }
  })

  test('lists agents, and forgets one, whatever its name is', async () => {
    const { address } = await stage.open({ token })
    const id = 'a/b?c%2f"\u0007é'
    stage.collector.agentRows = [agent(id)]
    expect(await get(address, '/api/v1/agents')).toMatchObject({
      status: 200,
      json: { agents: [{ id, state: 'late' }] }
    })
    const path = `/api/v1/agents/${encodeURIComponent(id)}`
    expect((await call(address, path, { method: 'DELETE' })).status).toBe(401)
    const headers = { authorization: `Bearer ${token}` }
    const answer = await call(address, path, { method: 'DELETE', headers })
    expect(JSON.parse(answer.body)).toEqual({ forgotten: id })
    expect((await call(address, path, { method: 'DELETE', headers })).status).toBe(404)
    expect(stage.collector.agentRows).toEqual([])
  })

  test('replays and deletes named and all letters', async () => {
    await stage.open()
    const body = { all: true, output: 'default/es' }
    expect(await ask(stage.stateDir, { method: 'POST', path: '/api/v1/dead-letters/replay', body })).toMatchObject({
      delivered: 2
    })
    expect(
      await ask(stage.stateDir, { method: 'DELETE', path: '/api/v1/dead-letters', body: { ids: [2, 9] } })
    ).toEqual({
      dropped: 1,
      missing: [9]
    })
    expect(stage.collector.calls).toEqual(['start', 'replay 1,2', 'delete 2,9'])
  })

  test.each([
    '',
    'x',
    '{}',
    '[]',
    'null',
    '{"ids":[1],"all":true}',
    '{"ids":["1"]}',
    '{"ids":[-1]}',
    '{"all":true,"output":1}'
  ])('refuses the selection %j and does nothing', async body => {
    const { address } = await stage.open({ token })
    const headers = { authorization: `Bearer ${token}` }
    expect((await call(address, '/api/v1/dead-letters', { method: 'DELETE', headers, body })).status).toBe(400)
    expect(stage.collector.calls).toEqual(['start'])
  })

  test('refuses a body over 1 MiB, with and without a length', async () => {
    const { address } = await stage.open({ token })
    const body = `{"ids":[${'1,'.repeat(600_000)}1]}`
    for (const framing of [{}, { 'transfer-encoding': 'chunked' }]) {
      const headers = { authorization: `Bearer ${token}`, ...framing }
      const answer = await call(address, '/api/v1/dead-letters/replay', { method: 'POST', headers, body })
      expect(answer.status).toBe(413)
    }
  })

  test('does not tell a stranger why it failed', async () => {
    const { address } = await stage.open()
    stage.collector.ledgers = () => Promise.reject(new Error('row "secret-of-a-row"'))
    const { status, body } = await call(address, '/api/v1/ledger')
    expect(status).toBe(500)
    expect(body).not.toContain('secret')
    await expect(ask(stage.stateDir, { path: '/api/v1/ledger' })).rejects.toThrow('secret-of-a-row')
  })
})

function account(file: number, output: string): LedgerRow {
  return {
    source: `S${file}`.padEnd(16, 'A'),
    name: `/var/log/${file}.log`,
    input: file % 2 === 0 ? 'even' : 'odd',
    output,
    position: 0,
    ledger: { ...newLedger(), read: 10, rows: [9, 1, 0, 0, 0, 0, 0], lostBytes: { too_large: 5 } },
    configured: true
  }
}

function agent(id: string): AgentStatus {
  const texts = { role: '', service: 'planner', host: 'node-1', version: '' }
  return { id, state: 'late', ...texts, firstSeenAt: 0, lastSeenAt: 1000 }
}
