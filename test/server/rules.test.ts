import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RuleGroupStatus, RuleStatus } from '../../src/rules/evaluate/status.ts'
import { free, get, Stage } from './stage.ts'

const at = Date.UTC(2026, 0, 1)
const silent: RuleStatus = {
  kind: 'alert',
  name: 'AgentSilent',
  query: 'sum(rate({a="b"}[1m])) == 0',
  forMs: 90_000,
  keepFiringForMs: 0,
  labels: { severity: 'page' },
  annotations: { summary: 'Agent {{ $labels.agent_id }}' },
  alerts: [
    {
      labels: { agent_id: 'a', alertname: 'AgentSilent' },
      annotations: { summary: 'Agent a' },
      state: 'pending',
      value: 0,
      activeAt: at,
      keptFiringSince: 0
    },
    {
      labels: { agent_id: 'b', alertname: 'AgentSilent' },
      annotations: { summary: 'Agent b' },
      state: 'firing',
      value: 1234.5,
      activeAt: at,
      keptFiringSince: at + 1000
    }
  ],
  evaluatedAt: at,
  durationMs: 2.5,
  fault: ''
}
const rate: RuleStatus = {
  ...silent,
  kind: 'record',
  name: 'errors:rate1m',
  labels: {},
  annotations: {},
  alerts: [],
  evaluatedAt: 0,
  durationMs: 0
}
const base = { intervalMs: 5000, evaluatedAt: at, durationMs: 3 }
const groups: RuleGroupStatus[] = [
  { ...base, name: 'b', file: '/etc/b.yaml', rules: [{ ...rate, fault: 'Two series', evaluatedAt: at }] },
  { ...base, name: 'agents', file: '/etc/a.yaml', rules: [silent, rate] }
]

let stage: Stage
let address: string

beforeEach(async () => {
  stage = new Stage()
  stage.collector.ruleGroups = groups
  address = (await stage.open({ listen: free })).address
})
afterEach(() => stage.close())

async function ask(path: string): Promise<unknown> {
  const { status, json } = await get(address, `/api/v1/${path}`)
  expect(status).toBe(200)
  return json
}

/** Groups and their rules as `group: rule rule`. */
async function names(query: string): Promise<string[]> {
  const { data } = (await ask(`rules?${query}`)) as {
    data: { groups: { name: string; rules: { name: string }[] }[] }
  }
  return data.groups.map(({ name, rules }) => `${name}: ${rules.map(rule => rule.name).join(' ')}`)
}

describe('/api/v1/rules', () => {
  it('has the form of Prometheus', async () => {
    expect(await ask('rules')).toEqual({
      status: 'success',
      data: {
        groups: [
          {
            name: 'agents',
            file: '/etc/a.yaml',
            interval: 5,
            limit: 0,
            evaluationTime: 0.003,
            lastEvaluation: '2026-01-01T00:00:00.000Z',
            rules: [
              {
                state: 'firing',
                name: 'AgentSilent',
                query: 'sum(rate({a="b"}[1m])) == 0',
                duration: 90,
                keepFiringFor: 0,
                labels: { severity: 'page' },
                annotations: { summary: 'Agent {{ $labels.agent_id }}' },
                alerts: [
                  {
                    labels: { agent_id: 'a', alertname: 'AgentSilent' },
                    annotations: { summary: 'Agent a' },
                    state: 'pending',
                    activeAt: '2026-01-01T00:00:00.000Z',
                    value: '0e+00'
                  },
                  {
                    labels: { agent_id: 'b', alertname: 'AgentSilent' },
                    annotations: { summary: 'Agent b' },
                    state: 'firing',
                    activeAt: '2026-01-01T00:00:00.000Z',
                    keepFiringSince: '2026-01-01T00:00:01.000Z',
                    value: '1.2345e+03'
                  }
                ],
                health: 'ok',
                evaluationTime: 0.0025,
                lastEvaluation: '2026-01-01T00:00:00.000Z',
                type: 'alerting'
              },
              {
                name: 'errors:rate1m',
                query: 'sum(rate({a="b"}[1m])) == 0',
                labels: {},
                health: 'unknown',
                evaluationTime: 0,
                lastEvaluation: '0001-01-01T00:00:00Z',
                type: 'recording'
              }
            ]
          },
          expect.objectContaining({
            name: 'b',
            rules: [expect.objectContaining({ health: 'err', lastError: 'Two series' })]
          })
        ]
      }
    })
  })

  it.each([
    ['type=alert', ['agents: AgentSilent']],
    ['type=record', ['agents: errors:rate1m', 'b: errors:rate1m']],
    ['rule_name[]=AgentSilent', ['agents: AgentSilent']],
    ['rule_group[]=b&rule_group[]=c', ['b: errors:rate1m']],
    ['file[]=/etc/b.yaml', ['b: errors:rate1m']],
    ['file[]=/etc/b.yaml&type=alert', []]
  ])('leaves out what %s does not ask for', async (query, wanted) => {
    expect(await names(query)).toEqual(wanted)
  })

  it('leaves alerts out where they are not wanted', async () => {
    const body = JSON.stringify(await ask('rules?exclude_alerts=true&type=alert'))
    expect(body).toContain('"alerts":[]')
    expect(body).toContain('"state":"firing"')
  })

  it('refuses a type that there is not in the form of Prometheus', async () => {
    const { status, json } = await get(address, '/api/v1/rules?type=all')
    expect(status).toBe(400)
    expect(json).toEqual({ status: 'error', errorType: 'bad_data', error: 'not supported value "all"' })
  })

  it('is empty where there are no rules', async () => {
    stage.collector.ruleGroups = []
    expect(await ask('rules')).toEqual({ status: 'success', data: { groups: [] } })
  })
})

describe('/api/v1/alerts', () => {
  it('has all that are pending or fire', async () => {
    const { data } = (await ask('alerts')) as { data: { alerts: { state: string; labels: unknown }[] } }
    expect(data.alerts.map(({ state, labels }) => [state, labels])).toEqual([
      ['pending', { agent_id: 'a', alertname: 'AgentSilent' }],
      ['firing', { agent_id: 'b', alertname: 'AgentSilent' }]
    ])
  })
})
