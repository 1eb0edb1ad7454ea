import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { main } from '../../src/cli/main.ts'
import { tempFolder } from '../fakes/folder.ts'
import { command, recorder, root } from './command.ts'

const shipped = join(root, 'pipelines')

/** A configuration with two outputs, and a file of tests beside it. */
function testsOf(yaml: string, config = ''): string {
  const folder = tempFolder()
  const file = join(folder, 'my.test.yaml')
  writeFileSync(
    join(folder, 'my.yaml'),
    `version: 1
inputs:
  app: { type: file, paths: [/logs/*.log], exclude: ["*.old.log"], parser: json, on_parse_error: dead_letter }
  wide: { type: file, paths: [/wide/*.log], encoding: utf-16le, multiline: java }
  pods: { type: containers, paths: ["/pods/*/*/*.log"] }
process:
  - drop: { if: '{level="debug"}' }
  - dedupe: { key: [body], window: 1m }
  - drop: { if: '{level="trace"}' }
outputs:
  audit: { type: "null", if: '{service_name="auth"}', final: true }
  errors: { type: "null", if: '{level="error"}' }
${config}`
  )
  writeFileSync(file, yaml)
  return file
}

const inTest = (files: string, rows: string): string =>
  `tests:\n  - name: a\n    files:\n${files}\n    rows:\n${rows}\n`

describe('the pipelines that are shipped', () => {
  test('pass their tests', async () => {
    expect(await command(['test', shipped])).toMatchObject({ code: 0, err: '' })
  })

  test('have some, each', () => {
    const named = (file: string): string[] => {
      const { config = file.replace('.test', '') } = parse(readFileSync(join(shipped, file), 'utf8')) as {
        config?: string | string[]
      }
      return [config].flat()
    }
    const tests = globSync('*.test.yaml', { cwd: shipped })
    const pipelines = globSync('*.yaml', { cwd: shipped }).filter(file => !tests.includes(file))
    expect(new Set(tests.flatMap(named))).toEqual(new Set(pipelines))
  })
})

test('compares fields, fates, steps, errors and routes of rows', async () => {
  const file = testsOf(
    inTest(
      `      - path: /logs/a.log
        lines:
          - '{"time":"2026-11-30T12:00:00.5Z","level":"error","service":"auth","msg":"no","user":{"id":7,"name":"x"},"big":12345678901234567890}'
          - '{"level":"error","msg":"no"}'
          - '{"level":"error","msg":"no"}'
          - '{"level":"debug","msg":"d"}'
          - '{"level":"trace","msg":"t"}'
          - '{"level":"info","msg":"i"}'
          - 'no JSON'
      - { path: /wide/b.log, lines: "java.lang.Error: grün\\n\\tat a.B(C.java:1)\\n" }
      - { path: /pods/shop_cart-7_1/cart/0.log, container: docker, stream: stderr, lines: '{"level":"error","msg":"c"}' }`,
      `      - { fields: { time: "2026-11-30T13:00:00.500+01:00", user: { id: 7 }, big: "12345678901234567890", log.file.path: /logs/a.log }, outputs: [audit] }
      - { fields: { time: 2026-01-01T00:00:00Z, host.name: test-host }, fate: deduplicated, by: dedupe }
      - { fate: deduplicated }
      - { fate: filtered, by: drop, without: [service_name, user] }
      - { fate: filtered, by: drop 2, outputs: [] }
      - { fate: filtered, by: outputs }
      - { fate: dead_lettered, by: on_parse_error, error: json }
      - { fields: { body: "java.lang.Error: grün\\n\\tat a.B(C.java:1)" }, error: "", fate: filtered }
      - { fields: { body: c, agent_id: cart-7, service_name: cart, kubernetes.namespace: shop }, outputs: [errors] }`
    )
  )
  const { code, out, err } = await command(['test', file])
  expect({ code, out: out.replace(file, 'F'), err }).toEqual({
    code: 0,
    out: 'F\n  ok    a\n1 test: passed\n',
    err: ''
  })
})

test.each([
  ['2026-11-30T12:00:00.123456Z', '2026-11-30T13:00:00.12345600+01:00', 0],
  ['2026-11-30T12:00:00.123456Z', '2026-11-30T12:00:00.123Z', 1],
  ['2026-11-30T12:00:00.123Z', '2026-11-30T12:00:00.123456Z', 1],
  ['2026-11-30T12:00:00.5Z', '2026-11-30T12:00:00.5', 1]
])('a time of %s compared with %s', async (is, expected, code) => {
  const row = `      - { path: /logs/a.log, lines: '{"time":"${is}","level":"error"}' }`
  const file = testsOf(inTest(row, `      - { fields: { time: "${expected}" } }`))
  expect(await command(['test', file])).toMatchObject({ code, err: '' })
})

test('steps forget, from one file to the next', async () => {
  const [a, b] = ['a', 'b'].map(name => `      - { path: /logs/${name}.log, lines: '{"level":"error","msg":"no"}' }\n`)
  const rows = '      - { outputs: [errors] }\n      - { outputs: [errors] }'
  expect(await command(['test', testsOf(inTest(`${a}${b}`, rows))])).toMatchObject({ code: 0, err: '' })
})

const wrong = `config: my.yaml
now: 2026-11-30T12:00:00Z
tests:
  - name: too <many>
    files: [{ path: /logs/a.log, lines: ['{"level":"error","msg":"one","n":1}', '{"level":"error","msg":"two"}'] }]
    rows:
      - { fields: { body: one, n: "1", gone: true }, outputs: [audit, errors] }
  - name: missing
    files: [{ path: /logs/a.log, lines: [] }]
    rows: [{ without: n, error: json, by: drop, fate: filtered }]
`

test('shows what differs: as text, in colour, as JSON and as JUnit does', async () => {
  const file = testsOf(wrong)
  const { code, out } = await command(['test', file])
  expect({ code, out: out.replaceAll(file, 'F') }).toEqual({
    code: 1,
    out: `F
  failed too <many>
    F:7:9: row 1
      - expected  + received
        body: "one"
      + n: 1
      - n: "1"
      - gone: true
        fate: delivered
      + outputs: ["errors"]
      - outputs: ["audit","errors"]
    F:4:5: row 2 is not expected
      - expected  + received
      + host.name: "test-host"
      + log.file.path: "/logs/a.log"
      + time: "2026-11-30T12:00:00.000Z"
      + level: "error"
      + body: "two"
      + fate: delivered
      + outputs: ["errors"]
  failed missing
    F:10:12: row 1 is missing
      - expected  + received
      - no n
      - fate: filtered
      - by: drop
      - error: json
2 tests: 2 of them failed
`
  })
  const colours = recorder(true)
  await main(['test', file], { env: { HOME: '/nonexistent' }, out: colours, err: recorder() })
  expect(colours.text()).toContain('<red>+ n: 1</>\n')
  const junit = join(tempFolder(), 'report.xml')
  const json = await command(['test', file, '--json', '--junit', junit])
  expect(JSON.parse(json.out)).toMatchObject({
    ok: false,
    files: [
      { file, tests: [{ ok: false, failures: [{ line: 7, column: 9, message: 'row 1' }, { line: 4 }] }, { ok: false }] }
    ]
  })
  expect(readFileSync(junit, 'utf8')).toMatch(/tests="2" failures="2"[^]*<testcase name="too &lt;many&gt;" /)
})

test('runs all tests below a folder, but not those of rules', async () => {
  const file = testsOf(
    inTest('      - { path: /logs/a.log, lines: [] }', '      []').replace('rows:\n      []', 'rows: []')
  )
  const folder = join(file, '..')
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'node_modules', 'b.test.yaml'), 'nonsense')
  writeFileSync(join(folder, 'rules.test.yaml'), 'rule_files: []\ntests: []\n')
  expect((await command(['test', folder])).out).toBe(`${file}\n  ok    a\n1 test: passed\n`)
  symlinkSync('nowhere', join(folder, 'broken.test.yaml'))
  expect(await command(['test', folder])).toEqual({
    code: 2,
    out: '',
    err: `${join(folder, 'broken.test.yaml')}:1:1: Cannot read this file: no such file\n`
  })
  const empty = tempFolder()
  expect(await command(['test', empty])).toMatchObject({
    code: 2,
    err: expect.stringContaining(`below "${empty}": their names end`)
  })
  expect(await command(['test', join(empty, 'x')])).toMatchObject({
    code: 1,
    err: expect.stringContaining('no such file')
  })
})

const file = (entry: string): string => inTest(`      - ${entry}`, '      - {}')
test.each([
  ['', '1:1: Missing "tests"'],
  ['rule_files: []\n', '1:1: Cannot run this file: it has tests of rules, which "mcp-collector rules test" runs'],
  ['tests: []\nconfg: a\n', '2:1: Unknown key "confg": did you mean "config"?'],
  ['config: other.yaml\ntests: []\n', 'other.yaml:1:1: Cannot read this file: no such file'],
  ['tests: [1]\n', '1:9: Cannot use this as test 1: expected a map with "files" and "rows"'],
  ['tests: [{ name: a }]\n', '1:9: Missing "files" in test "a"', '1:9: Missing "rows" in test "a"'],
  ['now: today\ntests: []\n', '1:6: Cannot use "today" for "now": expected a time, as 2026-11-30T12:00:00Z'],
  [file('{ lines: a }'), '4:9: Missing "path" of files in test "a"'],
  [
    file('{ path: /x, lines: a }'),
    '4:17: No input follows "/x" of files in test "a": compare "paths" and "exclude" of "app", "wide", "pods"'
  ],
  [file('{ path: /logs/a.old.log, lines: a }'), '4:17: No input follows'],
  [
    file('{ path: /logs/a.log, lines: a, container: lxc }'),
    '"container" of files in test "a": expected "cri", "docker"'
  ],
  [
    inTest('      - { path: /logs/a.log, lines: a }', '      - { outputs: es }'),
    '6:11: No output "es" of rows in test "a": there is "audit", "errors"'
  ],
  [
    inTest('      - { path: /logs/a.log, lines: a }', '      - { fate: droped }'),
    '"fate" of rows in test "a": expected'
  ],
  [
    inTest('      - { path: /logs/a.log, lines: a }', '      - { by: drop }'),
    '6:15: Cannot use "by" of rows in test "a": nothing ends a row that is delivered'
  ]
])('%j is refused with its place', async (yaml, ...messages) => {
  const { code, err } = await command(['test', testsOf(yaml)])
  expect(code).toBe(2)
  for (const message of messages) expect(err).toContain(message)
})

const withPipeline = (pipeline: string): string =>
  `tests: [{ name: a, ${pipeline}files: [{ path: /logs/a.log, lines: '{"level":"error"}' }], rows: [{ outputs: [errors] }] }]`

test('names the pipeline where several have the file', async () => {
  const more = 'pipelines: { a: { inputs: [app], outputs: [audit] }, b: { inputs: [app, wide], outputs: [errors] } }\n'
  const missing = await command(['test', testsOf(withPipeline(''), more)])
  expect(missing.err).toContain('1:9: Missing "pipeline" in test "a": several have the files, name one of "a", "b"')
  expect((await command(['test', testsOf(withPipeline('pipeline: c, '), more)])).err).toContain(
    '1:30: No pipeline "c" has all files'
  )
  expect(await command(['test', testsOf(withPipeline('pipeline: b, '), more)])).toMatchObject({ code: 0 })
})
