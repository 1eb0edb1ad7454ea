import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadRules } from '../../src/rules/load.ts'
import type { RuleGroup } from '../../src/rules/rule.ts'
import { tempFolder } from '../fakes/folder.ts'

function written(text: string): string {
  const file = join(tempFolder(), 'rules.yaml')
  writeFileSync(file, text)
  return file
}

function groupsOf(...texts: readonly string[]): readonly RuleGroup[] {
  const loaded = loadRules(texts.map(written), { loki: false })
  if ('groups' in loaded) return loaded.groups
  throw new Error(JSON.stringify(loaded.problems))
}

const agents = `groups:
  - name: agents
    interval: 1m30s
    rows: kept
    rules:
      - alert: AgentSilent
        expr: |
          sum by (agent_id) (count_over_time({service_name="mcp-agent"} |~ "^heart(beat)?$" [90s])) == 0
        for: 1m
        keep_firing_for: 1w
        remember: 24h
        labels:
          severity: page
          tier: 1
          agent: '{{ $labels.agent_id }}'
        annotations:
          summary: 'Agent {{ $labels.agent_id }} is silent; it cost \${x} $$'
      - record: agent:errors:rate1m
        expr: 'sum by (agent_id) (rate({level="error"}[1m]))'
        labels: { team: core }
`.replaceAll('\\$', '$')

describe('rule files', () => {
  test('become groups of typed rules', () => {
    const [group] = groupsOf(agents)
    expect(group).toMatchObject({ name: 'agents', intervalMs: 90_000, rows: 'kept' })
    const [alert, record] = group!.rules
    expect(alert).toMatchObject({
      kind: 'alert',
      name: 'AgentSilent',
      at: { line: 6, column: 9 },
      expr: { metric: { kind: 'binary', right: { kind: 'literal', value: 0 } } },
      forMs: 60_000,
      keepFiringForMs: 7 * 86_400_000,
      rememberMs: 86_400_000
    })
    expect(alert!.expr.text).toMatch(/^sum by .* == 0$/)
    expect(record).toMatchObject({ kind: 'record', name: 'agent:errors:rate1m', rememberMs: 0 })
    expect(record!.labels).toEqual(new Map([['team', 'core']]))
  })

  test('have labels and annotations that can be rendered; dollar signs are text', () => {
    const alert = groupsOf(agents)[0]!.rules[0]!
    const about = { labels: { agent_id: 'a-7' }, value: 0 }
    const texts = alert.kind === 'alert' ? [...alert.labels, ...alert.annotations] : []
    expect(texts.map(([name, template]) => [name, template.render(about)])).toEqual([
      ['severity', 'page'],
      ['tier', '1'],
      ['agent', 'a-7'],
      ['summary', 'Agent a-7 is silent; it cost ${x} $$']
    ])
  })

  test('leave out what has a default', () => {
    const text =
      'groups: [{ name: a, rules: [{ alert: A, expr: vector(1), for: , labels: }, { record: b, expr: 1 }] }]\n'
    const [{ rules, ...group }] = groupsOf(text) as [RuleGroup]
    expect(group).toMatchObject({ intervalMs: 5000, rows: 'all' })
    expect(rules[0]).toMatchObject({ forMs: 0, keepFiringForMs: 0, rememberMs: 0, labels: new Map() })
    expect(rules[1]).toMatchObject({ expr: { text: '1', metric: { kind: 'literal', value: 1 } } })
  })

  test('may have the same groups in several files, the same alerts with other labels, and none at all', () => {
    const other = agents.replace('severity: page', 'severity: warn').replace('team: core', 'team: other')
    expect(groupsOf(agents, other, 'groups: []').map(({ name }) => name)).toEqual(['agents', 'agents'])
  })

  test('are refused where the same alert stands in two of them, wherever its labels stand', () => {
    const [first, second] = [written(agents), written(agents.replace('team: core', 'team: other'))]
    const loaded = loadRules([first, second], { loki: false })
    const message = `Duplicate alert "AgentSilent" with the same labels: it stands already in ${first}, line 6`
    expect(loaded).toEqual({ problems: [{ file: second, line: 6, column: 9, message }] })
  })

  test.each(['|', '|-', '>', '>-', '|2', '| # {level="error"} | unwrap'])(
    'know where a mistake stands in a block that begins with %s',
    header => {
      const indent = ' '.repeat(header === '|2' ? 10 : 12)
      const lines = ['sum(', '', '  rate({level="error"}[5m]))', '> topk(3, vector(1))']
      const block = lines.map(line => (line === '' ? line : indent + line)).join('\r\n')
      const head = 'groups:\r\n  - name: a\r\n    rules:\r\n      - alert: A\r\n'
      const loaded = loadRules([written(`${head}        expr: ${header}\r\n${block}\r\n`)], { loki: false })
      expect(loaded).toMatchObject({
        problems: [{ line: 9, column: indent.length + 3, message: expect.stringContaining('topk') }]
      })
    }
  )
})
