import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished, describe, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Collector } from '../../src/pipeline/collector.ts'
import { openCollector } from '../../src/pipeline/run.ts'
import { tempFolder } from '../fakes/folder.ts'
import { Receiver } from '../fakes/receiver.ts'
import { readRequest, unsnappy } from '../rules/notify/remote-write-reader.ts'

const patienceMs = 60_000

const silent = `
      - alert: AgentSilent
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [2s])) == 0
        remember: 1h
        labels: { severity: critical }
        annotations: { summary: 'Agent {{ $labels.agent_id }} is silent' }`
const errors = `
      - record: agent:errors:count1h
        expr: sum by (agent_id) (count_over_time({level="error"} [1h]))`

const clocks = `
      - alert: ClockBehind
        expr: max_over_time({service_name="mcp-agent"} | unwrap __clock_offset_ms__ [5m]) by (agent_id) < -60000
      - alert: ClockAhead
        expr: min_over_time({service_name="mcp-agent"} | unwrap __clock_offset_ms__ [5m]) by (agent_id) > 60000`

function byLevel(name: string): string {
  return `
      - record: ${name}
        expr: sum by (level) (count_over_time({service_name="mcp-agent"} [1h]))`
}

/** A folder with an agent's log, a configuration and rules, on which collectors run. */
class Place {
  readonly folder = tempFolder()
  collector!: Collector

  constructor() {
    mkdirSync(join(this.folder, 'rules'))
    this.rules(silent + errors)
    const lines = [
      'version: 1',
      'collector: { state_dir: state, drain_timeout: 2s }',
      'inputs: { agent: { type: file, paths: ["*.log"], service: mcp-agent } }',
      'process: [drop: { if: \'{level="error"}\' }]',
      'outputs: { none: { type: "null" } }',
      'rules: { files: [rules/*.yaml] }'
    ]
    writeFileSync(join(this.folder, 'config.yaml'), `${lines.join('\n')}\n`)
  }

  /** Has alerts told there. */
  tell(alertmanager: string): void {
    const file = join(this.folder, 'config.yaml')
    const text = readFileSync(file, 'utf8').replace(
      /^rules: .*$/m,
      `rules: { files: [rules/*.yaml], alertmanagers: ["${alertmanager}"] }`
    )
    writeFileSync(file, text)
  }

  /** Has alerts told there in messages. */
  tellWebhook(url: string, more = ''): void {
    const webhook = `{ type: generic, url: "${url}", ${more}group_wait: 0s, group_interval: 1s }`
    const file = join(this.folder, 'config.yaml')
    const rules = `rules: { files: [rules/*.yaml], webhooks: { ops: ${webhook} } }`
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^rules: .*$/m, rules))
  }

  /** Has samples written there. */
  write(url: string): void {
    const file = join(this.folder, 'config.yaml')
    const rules = `rules: { files: [rules/*.yaml], remote_write: [{ url: "${url}" }] }`
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^rules: .*$/m, rules))
  }

  /** Has rows go through other steps. */
  process(steps: string): void {
    const file = join(this.folder, 'config.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^process: .*$/m, `process: ${steps}`))
  }

  drainWithin(time: string): void {
    const file = join(this.folder, 'config.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('drain_timeout: 2s', `drain_timeout: ${time}`))
  }

  /** Names other rule files. */
  name(files: string): void {
    const file = join(this.folder, 'config.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^rules: .*$/m, `rules: { files: ${files} }`))
  }

  rules(text: string): void {
    writeFileSync(
      join(this.folder, 'rules', 'a.yaml'),
      `groups:\n  - name: agents\n    interval: 200ms\n    rules:${text}\n`
    )
  }

  log(message: string, agent = 'a1', level = 'info', offsetMs = 0): void {
    const row = { timestamp: new Date(Date.now() + offsetMs).toISOString(), level, agent_id: agent, message }
    appendFileSync(join(this.folder, 'agent.log'), `${JSON.stringify(row)}\n`)
  }

  async start(): Promise<void> {
    const load = () => loadConfig([join(this.folder, 'config.yaml')], { env: {}, components })
    const loaded = await load()
    if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'))
    const collector = await openCollector(loaded.config, {
      log: silentLog,
      version: 'test',
      load,
      adopt: async () => {}
    })
    onTestFinished(() => collector.stop().then(() => undefined))
    collector.start()
    this.collector = collector
  }

  async stop(): Promise<void> {
    await this.collector.stop()
  }

  /** Alerts as `AgentSilent a1 firing`. */
  get alerts(): string[] {
    const rules = this.collector.rules().flatMap(group => group.rules)
    return rules.flatMap(({ name, alerts }) =>
      alerts.map(({ labels, state }) => `${name} ${labels['agent_id']} ${state}`)
    )
  }

  async recorded(): Promise<string> {
    const families = await this.collector.families()
    const shown = families.flatMap(({ name, labels, series }) => {
      return series.map(
        ({ values, value }) => `${name} ${labels.map((label, i) => `${label}=${values![i]}`).join()} ${value}`
      )
    })
    return shown.toSorted((a, b) => (a < b ? -1 : 1)).join('; ')
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + patienceMs
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`Still not so: ${what}; ${JSON.stringify(this.collector.rules())}`)
      await delay(20)
    }
  }
}

/** Takes requests and never answers. Knows when somebody gave up waiting. */
async function silentServer(): Promise<{ url: string; requests(): number; left(): number }> {
  let requests = 0
  let leftAt = Infinity
  const server = createServer(request => {
    requests++
    request.socket.once('close', () => (leftAt = Math.min(leftAt, Date.now())))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => server.closeAllConnections())
  onTestFinished(() => void server.close())
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    left: () => leftAt
  }
}

describe('rules of a collector', () => {
  it('fire when an agent falls silent, and resolve when it comes back', async () => {
    const place = new Place()
    place.log('heartbeat')
    await place.start()
    const beats = setInterval(() => place.log('heartbeat', 'a2'), 100)
    try {
      await place.until('the alert fires', () => place.alerts.includes('AgentSilent a1 firing'))
      expect(place.alerts).toEqual(['AgentSilent a1 firing'])
      place.log('heartbeat')
      await place.until('the alert is over', () => place.alerts.length === 0)
    } finally {
      clearInterval(beats)
    }
  })

  it('are told to those who are named, also after a reload, and to nobody else', async () => {
    const place = new Place()
    const [first, second] = [await Receiver.start(), await Receiver.start()]
    place.tell(first.url)
    place.log('heartbeat')
    await place.start()
    await place.until('the first is told', async () => (await place.collector.status()).notifiers?.[0]?.sent === 1)
    place.tell(second.url)
    expect(await place.collector.reload('test')).toMatchObject({ result: 'changed' })
    const began = performance.now()
    await place.until('the second is told', () => second.received.length > 0)
    // of what fires all hear again after a minute
    expect(performance.now() - began).toBeLessThan(30_000)
    expect(first.received.map(({ path }) => path)).toEqual(['/api/v2/alerts'])
    await place.until('that is known', async () => (await place.collector.status()).notifiers?.[0]?.sent === 1)
    const sent = (await place.collector.samples()).filter(({ name }) => name === 'collector_rules_sent_alerts_total')
    expect(sent.map(({ labels, value }) => [...labels, value])).toEqual([[second.url, 1]])
  })

  it('lose no samples while a reload waits for one who does not answer', async () => {
    const place = new Place()
    const [silent, second] = [await silentServer(), await Receiver.start()]
    place.rules(byLevel('agent:rows'))
    place.write(silent.url)
    place.log('heartbeat')
    await place.start()
    await place.until('the first is asked', () => silent.requests() > 0)
    place.write(second.url)
    expect(await place.collector.reload('test')).toMatchObject({ result: 'changed' })
    await place.until('samples are written', () => second.received.length > 0)
    const [first] = second.received.flatMap(({ bytes }) => readRequest(unsnappy(bytes)))
    // there is one each 200 ms, and the silent one has two seconds
    expect(first!.at).toBeLessThan(silent.left() - 1000)
  })

  it('are told as they stand when the collector stops', async () => {
    const place = new Place()
    const receiver = await Receiver.start()
    place.tell(receiver.url)
    place.drainWithin('20s')
    place.log('heartbeat')
    await place.start()
    await place.until('the alert fires', () => place.alerts.includes('AgentSilent a1 firing'))
    await place.stop()
    expect(receiver.received.map(({ path }) => path)).toContain('/api/v2/alerts')
  })

  it('are evaluated for the last lines before the collector stops', async () => {
    const place = new Place()
    const receiver = await Receiver.start()
    place.tell(receiver.url)
    place.drainWithin('20s')
    const burst = `
      - alert: Burst
        expr: sum by (agent_id) (count_over_time({level="error"}[1h])) > 2`
    place.rules(`${burst}\n  - name: never due\n    interval: 1d\n    rules:${burst.replace('Burst', 'LastBurst')}`)
    place.log('fine')
    await place.start()
    await place.until('it is read', async () => (await place.collector.ledgers())[0]?.ledger.read === 1)
    const stopped = place.stop()
    for (let i = 0; i < 3; i++) place.log('broken', 'a1', 'error')
    await stopped
    const told = receiver.bodies.flatMap(body =>
      (body as { labels: { alertname: string } }[]).map(one => one.labels.alertname)
    )
    expect([...new Set(told)].toSorted()).toEqual(['Burst', 'LastBurst'])
  })

  it('are told to webhooks once, over restarts and reloads, and their end', async () => {
    const place = new Place()
    const receiver = await Receiver.start()
    place.tellWebhook(receiver.url)
    place.log('heartbeat')
    await place.start()
    const told = (): unknown[] => receiver.bodies.map(body => (body as { status: string }).status)
    await place.until('the alert is told', async () => (await place.collector.status()).notifiers?.[0]?.sent === 1)
    await place.stop()
    await place.start()
    await place.until('the alert fires still', () => place.alerts.includes('AgentSilent a1 firing'))
    place.tellWebhook(receiver.url, 'timeout: 3s, ')
    expect(await place.collector.reload('test')).toMatchObject({ result: 'changed' })
    // As long as two looks at what is new.
    await delay(2500)
    expect(told()).toEqual(['firing'])
    await place.stop()
    const beats = setInterval(() => place.log('heartbeat'), 100)
    onTestFinished(() => clearInterval(beats))
    await place.start()
    await place.until('the end is told', () => told().length > 1)
    expect(told()[1]).toBe('resolved')
  }, 60_000)

  it('do not fire for an agent that has left, also over a restart, but when it is there again and falls silent', async () => {
    const place = new Place()
    for (const agent of ['left', 'silent']) place.log('heartbeat', agent)
    place.log('Agent stopped', 'left')
    await place.start()
    await place.until('the alert fires', () => place.alerts.length > 0)
    expect(place.alerts).toEqual(['AgentSilent silent firing'])
    await place.stop()
    await place.start()
    await place.until('the alert fires still', () => place.alerts.length > 0)
    await delay(1000)
    expect(place.alerts).toEqual(['AgentSilent silent firing'])
    place.log('heartbeat', 'left')
    await place.until('it is missed', () => place.alerts.includes('AgentSilent left firing'))
  })

  it('find a clock that is an hour off while its log is written, and none in old logs that are caught up on', async () => {
    const place = new Place()
    place.rules(clocks)
    const hour = 3_600_000
    for (let i = 0; i < 20; i++) place.log('old', 'old', 'info', -hour)
    await place.start()
    const agents = { right: 0, behind: -hour, ahead: hour }
    const beats = setInterval(() => {
      for (const [agent, offset] of Object.entries(agents)) place.log('beat', agent, 'info', offset)
    }, 100)
    try {
      await place.until('both are found', () => place.alerts.length === 2)
      expect(place.alerts.toSorted()).toEqual(['ClockAhead ahead firing', 'ClockBehind behind firing'])
    } finally {
      clearInterval(beats)
    }
  }, 60_000)

  it('see rows that steps drop, and go on with their numbers after a stop', async () => {
    const place = new Place()
    for (let i = 0; i < 5; i++) place.log('broken', 'a1', 'error')
    await place.start()
    await place.until(
      'errors are recorded',
      async () => (await place.recorded()) === 'agent:errors:count1h agent_id=a1 5'
    )
    place.log('broken', 'a1', 'error')
    await place.stop()
    place.log('broken', 'a2', 'error')
    await place.start()
    const both = 'agent:errors:count1h agent_id=a1 6; agent:errors:count1h agent_id=a2 1'
    await place.until('all are counted, once', async () => (await place.recorded()) === both)
  })

  it('see fields as the steps at the beginning have made them', async () => {
    const place = new Place()
    const isBroken = `if: '{level=~".+"} |= "broken"'`
    place.process(
      `[set: { fields: { level: error, service_name: shop, kind: "{{agent_id | upper}}" }, ${isBroken} }, remove: { fields: [agent_id] }, drop: { ${isBroken} }]`
    )
    place.rules(`
      - record: broken
        expr: sum by (level, service_name, kind) (count_over_time({service_name="shop"} | kind=~"A.*" [1h]))`)
    place.log('fine')
    place.log('broken')
    await place.start()
    const wanted = 'broken kind=A1,level=error,service_name=shop 1'
    await place.until(wanted, async () => (await place.recorded()) === wanted)
  })

  it('see what steps have left where a group asks for that', async () => {
    const place = new Place()
    place.rules(`${byLevel('seen')}\n  - name: left\n    interval: 200ms\n    rows: kept\n    rules:${byLevel('kept')}`)
    place.log('fine')
    place.log('broken', 'a1', 'error')
    await place.start()
    const wanted = 'kept level=info 1; seen level=error 1; seen level=info 1'
    await place.until('both are recorded', async () => (await place.recorded()) === wanted)
  })

  it('go on with their numbers over reloads, and begin anew where there were none in between', async () => {
    const place = new Place()
    const warnings = errors.replaceAll('error', 'warn')
    const reload = async (): Promise<void> => {
      expect(await place.collector.reload('test')).toMatchObject({ result: 'changed' })
    }
    const isRecorded = (wanted: string): Promise<void> =>
      place.until(wanted, async () => (await place.recorded()) === wanted)
    for (let i = 0; i < 2; i++) place.log('broken', 'a1', 'error')
    await place.start()
    await isRecorded('agent:errors:count1h agent_id=a1 2')
    place.rules(errors + warnings)
    await reload()
    place.log('broken', 'a1', 'error')
    place.log('careful', 'a1', 'warn')
    await isRecorded('agent:errors:count1h agent_id=a1 3; agent:warns:count1h agent_id=a1 1')
    place.name('[]')
    await reload()
    expect(place.collector.rules()).toEqual([])
    place.log('broken', 'a1', 'error')
    const rows = async (): Promise<number> => (await place.collector.ledgers())[0]!.ledger.read
    await place.until('it is read', async () => (await rows()) === 5)
    place.name('[rules/*.yaml]')
    await reload()
    place.log('broken', 'a1', 'error')
    await isRecorded('agent:errors:count1h agent_id=a1 1')
  })
})
