import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { rulesIn } from '../../src/rules/load.ts'
import { readTests } from '../../src/rules/tests/read-tests.ts'
import { tempFolder } from '../fakes/folder.ts'
import { command, recorder, root } from './command.ts'

const folder = join(root, 'pipelines', 'rules')
const shipped = join(folder, 'mcp-agent.yaml')
const shippedTests = join(folder, 'mcp-agent.test.yaml')

/** A file of tests beside a rule. */
function testsOf(yaml: string): string {
  const file = join(tempFolder(), 'some.test.yaml')
  writeFileSync(
    join(file, '..', 'rules.yaml'),
    `groups:
  - name: a
    rules:
      - alert: Many
        expr: sum by (agent_id) (count_over_time({region="eu"} [1m])) > 2
        labels: { severity: warning }
        annotations: { summary: '{{ $labels.agent_id }} has {{ $value }}', runbook: Look }
`
  )
  writeFileSync(file, `rule_files: [rules.yaml]\ntests:\n${yaml}`)
  return file
}

const wrong = `  - name: too <many>
    input_logs:
      - labels: { region: eu }
        series: [{ every: 10s, to: 1m, line: '{"time":"{{time}}","agent_id":"a"}' }]
    alert_rule_test:
      - eval_time: 1m
        alertname: Many
        exp_alerts:
          - { exp_labels: { agent_id: a, severity: warning }, exp_annotations: { summary: a has 7 } }
          - { exp_labels: { agent_id: b, severity: warning } }
`

describe('the rules that are shipped', () => {
  test('pass their tests', async () => {
    expect(await command(['rules', 'test', shippedTests])).toMatchObject({ code: 0, err: '' })
  })

  test('are checked together with their tests', async () => {
    const { code, out } = await command(['rules', 'check', shipped, shippedTests])
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^ok: 1 group, 12 alerts, 1 record, \d+ tests\n$/)
    })
  })

  test('are all seen to fire, and not to fire', () => {
    const read = readTests(shippedTests)
    const expectations = 'tests' in read ? read.tests.tests.flatMap(({ alerts }) => alerts) : []
    const groups = rulesIn([{ file: shipped, text: readFileSync(shipped, 'utf8') }])
    const rules = groups.flatMap(group => group.rules).filter(({ kind }) => kind === 'alert')
    expect(rules.length).toBeGreaterThan(0)
    for (const { name } of rules) {
      const own = expectations.filter(({ alertname }) => alertname === name)
      expect([name, own.some(({ alerts }) => alerts.length > 0)]).toEqual([name, true])
      expect([name, own.some(({ alerts }) => alerts.length === 0)]).toEqual([name, true])
    }
  })

  test('say what they are about', () => {
    const groups = rulesIn([{ file: shipped, text: readFileSync(shipped, 'utf8') }])
    for (const rule of groups.flatMap(group => group.rules)) {
      if (rule.kind !== 'alert') continue
      expect([rule.name, ...rule.annotations.keys()]).toEqual([rule.name, 'summary', 'description', 'runbook'])
      expect([rule.name, rule.labels.get('severity')?.text]).toEqual([
        rule.name,
        expect.stringMatching(/^(?:warning|critical)$/)
      ])
    }
  })
})

describe('rules test', () => {
  test('shows what differs, of annotations those that are named', async () => {
    const file = testsOf(wrong)
    const { code, out } = await command(['rules', 'test', file])
    expect(code).toBe(1)
    expect(out.replaceAll(file, 'F')).toBe(`F
  failed too <many>
    F:9:20: alert Many at 1m
      - expected  + received
        {agent_id="a", severity="warning"}
      +   summary: a has 6
      -   summary: a has 7
      - {agent_id="b", severity="warning"}
1 test: 1 of them failed
`)
  })

  test('in colour', async () => {
    const out = recorder(true)
    await main(['rules', 'test', testsOf(wrong)], { env: { HOME: '/nonexistent' }, out, err: recorder() })
    expect(out.text()).toContain('<green>-   summary: a has 7</>')
    expect(out.text()).toContain('<red>+   summary: a has 6</>')
  })

  test('as JSON, and as JUnit does', async () => {
    const file = testsOf(wrong)
    const junit = join(tempFolder(), 'report.xml')
    const { code, out } = await command(['rules', 'test', file, '--json', '--junit', junit])
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      files: [
        { file, tests: [{ name: 'too <many>', ok: false, failures: [{ line: 9, message: 'alert Many at 1m' }] }] }
      ]
    })
    const xml = readFileSync(junit, 'utf8')
    expect(xml).toContain('tests="1" failures="1"')
    expect(xml).toMatch(/<testcase name="too &lt;many&gt;" .*>\n\s*<failure message="alert Many at 1m">/)
    expect(xml).toContain('{agent_id=&quot;b&quot;')
  })

  test('lines without a time are no test', async () => {
    const file = testsOf(`  - input_logs: [{ labels: { region: eu }, lines: ["one"] }]
    alert_rule_test: [{ eval_time: 1m, alertname: Many }]
`)
    const { code, out } = await command(['rules', 'test', file])
    expect(code).toBe(1)
    expect(out).toContain('1 of the rows of input_logs have no time of their own')
  })

  test('tells all mistakes with their places', async () => {
    const file = testsOf(`  - name: a
    start: 2026-11-30T12:00:01Z
    input_logs:
      - labels: { agent_id: x }
        series: [{ every: 30s, too: 5m, line: 'x' }]
    alert_rule_test: [{ alertname: Many }]
    logql_expr_test:
      - { expr: 'sum(', eval_time: 3s, exp_samples: [{ value: x }] }
  - input_series: []
`)
    const { code, out, err } = await command(['rules', 'test', file])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.replaceAll(file, 'F').split('\n')).toEqual([
      expect.stringMatching(
        /^F:4:12: Cannot use "2026-11-30T12:00:01Z" for "start" in test "a": expected a whole minute/
      ),
      expect.stringMatching(/^F:6:\d+: Cannot use "agent_id" as a label of input_logs in test "a"/),
      expect.stringMatching(/^F:7:\d+: Unknown key "too" .*: did you mean "to"\?/),
      expect.stringMatching(/^F:7:\d+: Cannot use "x" for "line" .*: it has no {{time}}/),
      expect.stringMatching(/^F:8:\d+: Missing "eval_time" of alert_rule_test in test "a"/),
      expect.stringMatching(/^F:10:\d+: /),
      expect.stringMatching(
        /^F:10:\d+: Cannot use this "eval_time" .*: expected a multiple of evaluation_interval \(5s\)/
      ),
      expect.stringMatching(/^F:10:\d+: Cannot use "x" for "value"/),
      expect.stringMatching(/^F:11:5: Cannot use "input_series" in test 2: it is not supported/),
      expect.stringMatching(/^F:11:5: Missing "alert_rule_test" or "logql_expr_test" in test 2/),
      ''
    ])
    const typo = testsOf('  - alert_rule_test: [{ eval_time: 1m, alertname: Manny }]\n')
    expect(await command(['rules', 'test', typo])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/:3:\d+: Unknown alert "Manny": did you mean "Many"\?/)
    })
    const gone = await command(['rules', 'test', join(folder, 'none.yaml'), '--json'])
    expect(JSON.parse(gone.out)).toMatchObject({ ok: false, problems: [{ line: 1 }] })
    expect(gone.code).toBe(2)
  })
})
