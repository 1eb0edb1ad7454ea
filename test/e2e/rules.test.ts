import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Receiver } from '../fakes/receiver.ts'
import { Site } from '../integrity/process.ts'
import { buildMs, canStart, eventually, Service } from './service.ts'

const canStartBoth = canStart('alertmanager') && canStart('prometheus')
const heartbeatMs = 500
/** Window and 10 s, with slack. */
const promisedMs = 3 * (4000 + 10_000)
const rules = `groups:
  - name: agents
    interval: 500ms
    rules:
      - alert: AgentSilent
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [4s])) == 0
        remember: 1h
        labels: { severity: critical }
        annotations: { summary: 'No heartbeat of {{ $labels.agent_id }}' }
      - record: agent:heartbeats:count4s
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [4s]))
`

interface Shown {
  readonly labels: Readonly<Record<string, string>>
}

let alertmanagers: Service[]
let prometheus: Service

describe.skipIf(!canStartBoth)('a collector with rules', () => {
  beforeAll(async () => {
    alertmanagers = [await Service.start('alertmanager'), await Service.start('alertmanager')]
    prometheus = await Service.start('prometheus')
  }, buildMs)
  afterAll(() => Promise.all([...alertmanagers, prometheus].map(service => service.remove())))

  test('an agent falls silent: all are told of it and of no other; killed and started again it says nothing else; then all is well', async () => {
    const webhook = await Receiver.start()
    const site = new Site('http://127.0.0.1:1')
    configure(site, webhook)
    const agents = new Agents(site)
    try {
      site.start()
      await site.ready()
      await eventually(
        () => query('count(agent:heartbeats:count4s > 0)'),
        value => value === 3
      )
      agents.silence('a2')
      await eventually(
        () => active(),
        found => found.every(names => names.join() === 'a2'),
        promisedMs
      )
      await eventually(
        () => titles(webhook),
        found => found.length > 0
      )
      await eventually(
        () => query('count(ALERTS{alertname="AgentSilent",agent_id="a2",alertstate="firing"})'),
        value => value === 1
      )
      await site.end('SIGKILL')
      site.start()
      await site.ready()
      // Longer than the window: what the others say meanwhile has been read again.
      await eventually(() => query('min(timestamp(agent:heartbeats:count4s > 0))'), isLaterThan(Date.now() + 6000))
      expect(await active()).toEqual([['a2'], ['a2']])
      expect(titles(webhook).filter(title => title.startsWith('[RESOLVED]'))).toEqual([])
      agents.speak('a2')
      await eventually(
        () => active(),
        found => found.every(names => names.length === 0),
        promisedMs
      )
      await eventually(
        () => query('count(ALERTS{alertname="AgentSilent"})'),
        value => value === undefined
      )
      await eventually(
        () => titles(webhook),
        found => found.some(title => title.startsWith('[RESOLVED]'))
      )
      expect(titles(webhook).filter(title => !title.includes('agent_id=a2'))).toEqual([])
    } finally {
      agents.stop()
      await site.remove()
    }
  })
})

function configure(site: Site, webhook: Receiver): void {
  writeFileSync(join(site.folder, 'rules.yaml'), rules)
  site.configure(`version: 1
inputs: { agents: { type: file, paths: ["${site.logs}/*.log"], service: mcp-agent } }
outputs: { none: { type: "null" } }
server: { listen: "127.0.0.1:0" }
rules:
  files: [rules.yaml]
  alertmanagers: [${alertmanagers.map(({ url }) => `"${url}"`).join(', ')}]
  remote_write: ["${prometheus.url}/api/v1/write"]
  webhooks: { hook: { type: generic, url: "${webhook.url}", group_wait: 0s, group_interval: 1s } }
`)
}

/** Three agents that say that they live. */
class Agents {
  readonly #site: Site
  readonly #speaking = new Set(['a1', 'a2', 'a3'])
  readonly #timer: NodeJS.Timeout

  constructor(site: Site) {
    this.#site = site
    this.#timer = setInterval(() => this.#beat(), heartbeatMs)
  }

  silence(agent: string): void {
    this.#speaking.delete(agent)
  }

  speak(agent: string): void {
    this.#speaking.add(agent)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    for (const agent of this.#speaking) {
      const row = { timestamp: new Date().toISOString(), level: 'debug', agent_id: agent, message: 'heartbeat' }
      appendFileSync(join(this.#site.logs, `${agent}.log`), `${JSON.stringify(row)}\n`)
    }
  }
}

/** The agents that each Alertmanager holds for silent. */
function active(): Promise<string[][]> {
  return Promise.all(
    alertmanagers.map(async alertmanager => {
      const alerts = (await alertmanager.get('/api/v2/alerts?active=true')) as Shown[]
      return alerts.map(({ labels }) => labels['agent_id'] ?? '?')
    })
  )
}

function titles(webhook: Receiver): string[] {
  return webhook.received.map(({ body }) => (JSON.parse(body) as { title: string }).title)
}

async function query(expression: string): Promise<number | undefined> {
  const { data } = (await prometheus.get(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
    data: { result: { value: [number, string] }[] }
  }
  const [first] = data.result
  return first === undefined ? undefined : Number(first.value[1])
}

function isLaterThan(ms: number): (seconds: number | undefined) => boolean {
  return seconds => seconds !== undefined && seconds * 1000 > ms
}
