import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Site } from '../integrity/process.ts'
import { buildMs, canStart, eventually, Service } from './service.ts'

const dashboards = resolve(import.meta.dirname, '../../dashboards')

/** As Prometheus shows it. */
interface Shown {
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
}

let site: Site
let listen: string
let prometheus: Service

describe.skipIf(!canStart('prometheus'))('rules for Prometheus', () => {
  beforeAll(async () => {
    site = new Site('http://127.0.0.1:1')
    configure('127.0.0.1:0')
    site.start()
    await site.ready()
    listen = /"listen":"([^"]+)"/.exec(site.messages)![1]!
    const shipped = readFileSync(join(dashboards, 'prometheus-rules.yaml'), 'utf8')
    writeFileSync(join(site.folder, 'rules.yaml'), shipped.replaceAll(/\bfor: \w+/g, 'for: 3s'))
    prometheus = await Service.start(
      'prometheus',
      `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${site.folder}/rules.yaml"]
scrape_configs: [{ job_name: mcp-collector, static_configs: [{ targets: ["${listen}"] }] }]
`
    )
  }, buildMs)
  afterAll(() => Promise.all([site.remove(), prometheus.remove()]))

  test('a collector is killed: it is down, until it is started again', async () => {
    await eventually(
      () => lastScrape(),
      health => health === 'up'
    )
    // Until the first scrape it knew of no collector.
    await eventually(
      () => alerts(),
      shown => shown.length === 0
    )
    await site.end('SIGKILL')
    const [down] = await eventually(
      () => alerts(),
      shown => shown.some(({ state }) => state === 'firing')
    )
    expect(down).toMatchObject({
      labels: { alertname: 'CollectorDown', instance: listen, job: 'mcp-collector', severity: 'critical' }
    })
    configure(listen)
    site.start()
    await eventually(
      () => alerts(),
      shown => shown.length === 0
    )
  })

  test('promtool finds nothing wrong with them, nor do their tests', async () => {
    expect((await promtool('check', 'rules', 'prometheus-rules.yaml')).stdout).toContain('SUCCESS')
    expect((await promtool('test', 'rules', 'prometheus-rules.test.yaml')).stdout).toContain('SUCCESS')
  })
})

function promtool(...words: string[]): Promise<{ stdout: string }> {
  return promisify(execFile)(join(prometheus.programs, 'promtool'), words, { cwd: dashboards })
}

function configure(address: string): void {
  site.configure(`version: 1
inputs: { agents: { type: file, paths: ["${site.logs}/*.log"] } }
outputs: { none: { type: "null" } }
server: { listen: "${address}" }
`)
}

async function alerts(): Promise<Shown[]> {
  const { data } = (await prometheus.get('/api/v1/alerts')) as { data: { alerts: Shown[] } }
  return data.alerts
}

async function lastScrape(): Promise<string | undefined> {
  const { data } = (await prometheus.get('/api/v1/targets')) as { data: { activeTargets: { health: string }[] } }
  return data.activeTargets[0]?.health
}
