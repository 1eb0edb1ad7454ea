import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventsOf, listen } from '../../src/cli/client.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { ask } from '../integrity/scraper.ts'
import { Site } from './live.ts'

const patienceMs = 60_000
/** What must be seen nowhere. */
const canaries = ['C4nary', '4111111111111111', '4111 1111 1111 1111', '203.0.113.7']

/** Lines that hold them in all the ways that there are; `number` makes each line another one. */
const linesOf = (number: number): string[] => [
  `{"level":"info","n":${number},"msg":"login password=C4nary${number} ok","agent_id":"C4nary${number}@example.org"}`,
  `{"level":"error","msg":"card 4111 1111 1111 1111 of C4nary${number}@example.org","card":4111111111111111,"from":"203.0.113.7"}`,
  `{"msg":"n ${number}","headers":{"authorization":"Bearer C4nary"},"l":[{"api_key":"C4nary"}],"u":"http:\\/\\/a:C4nary@h"}`,
  `{"msg":"\\u0070assword=\\u00434nary${number}","inner":"{\\"token\\":\\"C4nary\\\\\\"C4nary\\"}","user":"C4nary${number}@example.org"}`,
  `2026-11-22T10:00:00Z WARN text ${number} for 203.0.113.7 with token: C4nary, postgres://a:C4nary@h/x`,
  `{"cut":${number},"password":"C4nary`
]

test('what is masked is seen nowhere: outputs, dead letters, rules, agents, tail, metrics and the log', async () => {
  const server = await FakeElasticsearch.start()
  const site = new Site()
  const lines = Array.from({ length: 15 }, (_, number) => linesOf(number)).flat()
  writeFileSync(join(site.folder, 'a.log'), `${lines.join('\n')}\n`)
  writeFileSync(join(site.folder, 'b.log'), `${lines.join('\n')}\n`)
  writeFileSync(
    join(site.folder, 'rules.yaml'),
    `groups:
  - name: canaries
    interval: 1s
    rules:
      - alert: Seen
        expr: sum by (user, agent_id) (count_over_time({host=~".+"} | json [1h])) > 0
        annotations: { summary: "{{ $labels.user }} {{ $labels.agent_id }}" }
`
  )
  site.configure(`inputs:
  a: { type: file, paths: [a.log], service: a }
  b: { type: file, paths: [b.log], parser: json, on_parse_error: dead_letter }
process:
  - redact: { presets: [secrets, cards, emails, ips] }
outputs:
  es: { type: elasticsearch, endpoints: ["${server.url}"] }
  file: { type: file, path: out.ndjson }
  raw: { type: file, path: out.raw, format: raw }
  out: { type: stdout, format: json }
rules: { files: [rules.yaml] }`)
  const live = await site.start('--log-level', 'debug')
  const api = (path: string): Promise<string> => ask(join(site.stateDir, 'control.sock'), path)
  const tail = await listen(site.stateDir, '/api/v1/tail?query=')
  if (!(tail instanceof IncomingMessage)) throw new Error(JSON.stringify(tail))
  const letters = async (): Promise<{ letters: { id: number }[] }> =>
    JSON.parse(await api('/api/v1/dead-letters?limit=100')) as never
  const end = performance.now() + patienceMs
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`Not in time: ${what}`)
      await delay(50)
    }
  }
  await until('alerts', async () => (await api('/api/v1/alerts')).includes('***'))
  await until('rows', async () => /collector_rows_total{[^}]*dead_lettered[^}]*} [1-9]/.test(await api('/metrics')))
  appendFileSync(join(site.folder, 'a.log'), `${linesOf(99).join('\n')}\n`)
  const seen: string[] = []
  for await (const { data } of eventsOf(tail)) if (seen.push(data) >= linesOf(99).length) break
  const shown: string[] = []
  for (const { id } of (await letters()).letters) shown.push(await api(`/api/v1/dead-letters/${id}`))
  const pages = await Promise.all(['alerts', 'rules', 'agents', 'status', 'ledger'].map(name => api(`/api/v1/${name}`)))
  const metrics = await api('/metrics')
  const { out, err } = await live.stop()
  const places = {
    documents: JSON.stringify(server.documents()),
    letters: shown.join('\n'),
    file: readFileSync(join(site.folder, 'out.ndjson'), 'utf8'),
    raw: readFileSync(join(site.folder, 'out.raw'), 'utf8'),
    stdout: out,
    tail: seen.join('\n'),
    alerts: pages.join('\n')
  }
  for (const [name, text] of Object.entries(places)) expect(text, name).toContain('***')
  for (const [name, text] of Object.entries({ ...places, metrics, log: err })) {
    for (const canary of canaries) expect(text.includes(canary), `${canary} in ${name}`).toBe(false)
  }
  await server.stop()
})
