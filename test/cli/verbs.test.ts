import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { tempFolder } from '../fakes/folder.ts'
import { command, recorder, root } from './command.ts'

describe('command line', () => {
  test('prints version and help', async () => {
    expect(await command(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    for (const args of [['--help'], ['help']]) {
      const { code, out } = await command(args)
      expect(code).toBe(0)
      expect(out).toMatch(
        /Usage: mcp-collector [\s\S]*run [\s\S]*check [\s\S]*dlq [\s\S]*Examples:\n {2}mcp-collector demo/
      )
    }
  })

  test.each(Object.keys(verbs))('has examples for %s', async verb => {
    const { code, out } = await command([verb, '--help'])
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`Usage: mcp-collector ${verb}[\\s\\S]*Examples:\\n  .*mcp-collector ${verb}`))
  })

  test('suggests the verb that was meant and exits 2', async () => {
    expect(await command(['chekc'])).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean check?') })
    expect(await command(['status', '--jsno'])).toMatchObject({ code: 2, err: expect.stringContaining('--json') })
  })

  test('reports an unexpected error in one sentence, with its origin only on request', async () => {
    const broken = { XDG_STATE_HOME: `/${'x'.repeat(200)}` }
    const { code, err } = await command(['status'], broken)
    expect(code).toBe(1)
    expect(err).toMatch(/^error: Cannot reach .*\n$/)
    expect((await command(['status'], { ...broken, MCP_COLLECTOR_DEBUG: '1' })).err).toContain('client.ts')
  })

  test('shows control characters in an error instead of sending them', async () => {
    const { err } = await command(['explain', '/nonexistent/a\u001b[2J.log:1'])
    expect(err).toBe('error: Cannot read "/nonexistent/a\\x1b[2J.log": no such file\n')
  })
})

describe('check', () => {
  test('tells all mistakes with their places and exits 2', async () => {
    const file = join(tempFolder(), 'broken.yaml')
    writeFileSync(file, 'version: 1\ninputs:\n  a: { type: file, pahts: [/a] }\noutputs:\n  o: { type: nul }\n')
    const { code, out, err } = await command(['check', file])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(`${file}:3:`)
    expect(err).toContain(`${file}:5:`)
    const json = await command(['check', file, '--json'])
    expect(json.code).toBe(2)
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([{ file, line: 3 }].map(it => expect.objectContaining(it)))
    })
  })

  test('tells the mistakes of the file in README.md as README.md says', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const [, text, said] = /\$ cat bad\.yaml\n(.*?)\n\$ npx mcp-collector check bad\.yaml\n(.*?)```/s.exec(readme)!
    const file = join(tempFolder(), 'bad.yaml')
    writeFileSync(file, text!)
    expect((await command(['check', file])).err.replaceAll(file, 'bad.yaml')).toBe(said)
  })

  test('says ok for a right one', async () => {
    const file = join(tempFolder(), 'right.yaml')
    writeFileSync(file, 'version: 1\ninputs:\n  a: { type: file, paths: [/a] }\noutputs:\n  o: { type: "null" }\n')
    expect(await command(['check', file])).toEqual({ code: 0, out: 'ok: 1 input, 1 output, 1 pipeline\n', err: '' })
  })
})

describe('rules check', () => {
  const silent = `groups:
  - name: agents
    rules:
      - alert: AgentSilent
        expr: sum by (agent_id) (count_over_time({level!="debug"} |= "heartbeat" [90s])) == 0
        remember: 24h
      - record: agent:errors:rate1m
        expr: sum by (agent_id) (rate({level="error"}[1m]))
`

  test('says ok for right files', async () => {
    const files = [ruleFile(silent), ruleFile('groups: [{ name: agents, rules: [] }]\n')]
    const said = 'ok: 2 groups, 1 alert, 1 record\n'
    expect(await command(['rules', 'check', ...files])).toEqual({ code: 0, out: said, err: '' })
    const { code, out } = await command(['rules', 'check', ...files, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ ok: true, groups: 2, alerts: 1, records: 1 })
  })

  test('tells all mistakes with their places and exits 2', async () => {
    const first = ruleFile(silent.replace('agent_id', 'agent.id'))
    const second = ruleFile(silent.replace('remember', 'rember'))
    const { code, out, err } = await command(['rules', 'check', first, second])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err.split('\n')).toEqual([
      `${first}:5:28: A label has no dots: write "_" instead`,
      `${second}:6:9: Unknown key "rember" in alert "AgentSilent": did you mean "remember"?`,
      `${second}:7:9: Duplicate record "agent:errors:rate1m" with the same labels: it stands already in ${first}, line 7`,
      ''
    ])
    const json = await command(['rules', 'check', '--json', second])
    expect(json).toMatchObject({ code: 2, err: '' })
    const problem = { file: second, line: 6, column: 9, message: expect.stringContaining('"remember"') }
    expect(JSON.parse(json.out)).toEqual({ ok: false, problems: [problem] })
  })

  test('refuses with --loki what only we know', async () => {
    const { code, err } = await command(['rules', 'check', '--loki', ruleFile(silent)])
    expect(code).toBe(2)
    expect(err).toMatch(/:5:50: Loki refuses .*\n.*:6:9: Loki does not know "remember" in alert "AgentSilent"\n$/)
  })

  test('has examples, wants a file and says which one is not there', async () => {
    const { out } = await command(['rules', 'check', '--help'])
    expect(out).toMatch(/Usage: mcp-collector rules check [\s\S]*--loki[\s\S]*Examples:\n {2}mcp-collector rules check/)
    expect(await command(['rules', 'check'])).toMatchObject({ code: 2, err: expect.stringContaining('file') })
    const { code, err } = await command(['rules', 'check', '/nonexistent/rules.yaml'])
    expect(code).toBe(2)
    expect(err).toBe('/nonexistent/rules.yaml:1:1: Cannot read this file: no such file\n')
  })
})

describe('reference', () => {
  test('reference fits the terminal, with the same words and whole examples', async () => {
    const out = recorder(true)
    await main(['reference'], { env: { HOME: '/nonexistent' }, out, err: recorder() })
    const { out: wide } = await command(['reference'])
    expect(out.text().split(/\s+/)).toEqual(wide.split(/\s+/))
    const long = out
      .text()
      .split('\n')
      .filter(line => line.length > 80)
    for (const line of long) expect(wide.split('\n')).toContain(line)
    // rows and what they become
    const others = long.filter(line => !line.startsWith('    # '))
    expect(others.length).toBeLessThan(wide.split('\n').filter(line => line.length > 80).length / 4)
  })

  test('shows a component, suggests a misspelt one', async () => {
    expect(await command(['reference', 'file'])).toMatchObject({ code: 0, out: expect.stringMatching(/^input file\n/) })
    expect(await command(['reference', 'elasticsaerch'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "elasticsearch"?')
    })
  })

  test('names the components where none is like the one that was asked for', async () => {
    const { code, err } = await command(['reference', 'nope'])
    expect(code).toBe(2)
    expect(err).toMatch(/^error: There is no component "nope": known are "config", .*"file", .*"json"/)
  })

  test('prints the JSON schema', async () => {
    const { code, out } = await command(['reference', '--json-schema'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toHaveProperty('properties.inputs')
    expect((await command(['reference', 'file', '--json-schema'])).code).toBe(2)
  })
})

function ruleFile(text: string): string {
  const file = join(tempFolder(), 'rules.yaml')
  writeFileSync(file, text)
  return file
}
