import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ParserDefinition } from '../../src/config/define.ts'
import type { Source } from '../../src/core/source.ts'
import { RowFilter } from '../../src/logql/filter.ts'
import { auto } from '../../src/parsers/auto.ts'
import { raw } from '../../src/parsers/raw.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'
import { sourceOf } from '../fakes/source.ts'
import { type ChangeTest, type LabelTest, type PlainRow, type Query, selects, type TextTest, written } from './naive.ts'

const resource = {
  'host.name': 'node-1',
  'log.file.path': '/var/log/a.log',
  'kubernetes.pod.name': 'web-7',
  region: 'eu'
}
const constants = { host: 'node-1', file: '/var/log/a.log', pod: 'web-7', region: 'eu' }

/** The rows that a query selects, as a text of 0 and 1. */
class Selector {
  readonly #bench = new Bench()
  readonly #source: Source

  constructor(agent = '') {
    this.#source = sourceOf({ resource, agent })
  }

  rows(query: string, lines: readonly string[], parser: ParserDefinition = auto, encoding?: BufferEncoding): string {
    const bench = this.#bench
    const { batch, context, keys } = bench
    bench.fill(Buffer.from(lines.map(line => `${line}\n`).join(''), encoding))
    batch.source = this.#source
    parser.create(optionsOf(parser, {}), context).parse(batch)
    normalize.create(optionsOf(normalize, {}), context).apply(batch)
    const wanted = new Uint8Array(batch.rows).fill(1)
    new RowFilter(query, keys).narrow(batch, wanted)
    return wanted.join('')
  }
}

const texts = [
  '',
  'a',
  'ab',
  'billing',
  'x y',
  'é',
  '10.1.2.3',
  '192.168.0.1',
  '5',
  '7.5',
  '-3',
  '250ms',
  '2s',
  '10KB',
  '3KiB',
  '"\\'
]
const labels = [
  'service_name',
  'agent_id',
  'level',
  'code',
  'user_id',
  'http_status',
  'host',
  'region',
  'pod',
  'missing',
  '__error__'
]

const value = fc.oneof(
  fc.constantFrom(...texts),
  fc.constantFrom<Json>(5, 7.5, -3, true, null, [1], { status: 7 }, { status: '5', other: { x: 1 } })
)
const levels = ['debug', 'info', 'warn', 'error']
const row = fc.record(
  {
    service: fc.constantFrom('billing', 'a', 'x y'),
    agent_id: fc.constantFrom('7', 'a', 'ab'),
    level: fc.constantFrom(...levels),
    code: value,
    'user.id': value,
    http: value
  },
  { requiredKeys: [] }
)

/** JSON, with escapes that need not be, where asked for. */
const line = fc.tuple(row, fc.boolean()).map(([content, isEscaped]) => {
  const json = JSON.stringify(content)
  return { content, text: isEscaped ? json.replaceAll(/b(?=[^"]*":)?/g, 'b').replaceAll('é', '\\u00e9') : json }
})

function plainOf({ content, text }: { content: Content; text: string }): PlainRow {
  const { service, level, ...fields } = content
  const agent = service === undefined ? 'node-1' : `${service}@node-1`
  const all: Record<string, string> = { ...constants, agent_id: agent }
  if (service !== undefined) all['service_name'] = service
  if (level !== undefined) all['level'] = level
  const add = (name: string, member: Json): void => {
    if (member === null || Array.isArray(member)) return
    if (typeof member !== 'object') all[name] = `${member}`
    else for (const [key, inner] of Object.entries(member)) add(`${name}_${key}`, inner)
  }
  for (const [name, member] of Object.entries(fields)) add(name.replaceAll('.', '_'), member)
  return { line: text, labels: all }
}

type Content = { readonly service?: string; readonly level?: string } & Record<string, Json>
type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

const patterns = ['', 'a', 'a|b', '.*', '[ab]+', 'b.*g', '\\d+', 'x y', '(?:a|ab)', '.', '.{2}', 'é', '1\\.2']
const textTest: fc.Arbitrary<TextTest> = fc.oneof(
  fc.record({
    kind: fc.constant('text' as const),
    label: fc.constantFrom(...labels),
    operator: fc.constantFrom('=' as const, '!=' as const),
    text: fc.constantFrom(...texts, 'LabelFilterErr', 'info', 'node-1')
  }),
  fc.record({
    kind: fc.constant('text' as const),
    label: fc.constantFrom(...labels),
    operator: fc.constantFrom('=~' as const, '!~' as const),
    text: fc.constantFrom(...patterns)
  })
)
const labelTest = fc.letrec<{ test: LabelTest }>(tie => ({
  test: fc.oneof(
    { maxDepth: 3 },
    textTest,
    fc.record({
      kind: fc.constant('number' as const),
      label: fc.constantFrom('code', 'user_id', 'http_status', 'missing'),
      operator: fc.constantFrom('=', '==', '!=', '>', '>=', '<', '<='),
      written: fc.constantFrom('5', '7.5', '-3', '0', '250ms', '2s', '1m', '10KB', '3KiB', '5B')
    }),
    fc.record({
      kind: fc.constant('ip' as const),
      label: fc.constantFrom('code', 'user_id', 'missing'),
      operator: fc.constantFrom('=' as const, '!=' as const),
      network: fc.constantFrom('10.0.0.0/8', '192.0.0.0/8')
    }),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('test'), right: tie('test') })
  )
})).test
const lineTest = fc.record({
  kind: fc.constant('line' as const),
  operator: fc.constantFrom('|=' as const, '!=' as const, '|~' as const, '!~' as const),
  any: fc.array(
    fc.constantFrom('', 'a', 'code', '"level"', 'é', 'billing', ':5', 'ing.*code', '^.service', '[0-9]{2}', '}$'),
    {
      minLength: 1,
      maxLength: 3
    }
  )
})
const query: fc.Arbitrary<Query> = fc.record({
  matchers: fc.oneof(
    fc.constant<TextTest[]>([{ kind: 'text', label: 'region', operator: '=', text: 'eu' }]),
    fc.array(textTest, { minLength: 1, maxLength: 2 })
  ),
  stages: fc.array(fc.oneof(lineTest, labelTest), { minLength: 1, maxLength: 3 })
})

test('random queries select of random rows what a naive evaluator does', { timeout: 120_000 }, () => {
  const selector = new Selector()
  let selected = 0
  fc.assert(
    fc.property(query, fc.array(line, { minLength: 1, maxLength: 20 }), (asked, lines) => {
      const wanted = lines.map(one => (selects(asked, plainOf(one)) ? 1 : 0)).join('')
      selected += wanted.includes('1') && wanted.includes('0') ? 1 : 0
      expect(
        selector.rows(
          written(asked),
          lines.map(({ text }) => text)
        ),
        written(asked)
      ).toBe(wanted)
    }),
    { numRuns: 1500 }
  )
  // most of it would mean nothing if all rows were selected, or none
  expect(selected).toBeGreaterThan(150)
})

test('rows that name no agent are of that of their source', () => {
  const lines = ['{"service":"a"}', 'plain', '{"agent_id":"b"}', '{"agent_id":"\\u0062"}']
  expect(new Selector('web-7').rows('{agent_id="web-7"}', lines)).toBe('1100')
  expect(new Selector('web-7').rows('{region="eu"} | agent_id="b" or agent_id="web-7"', lines)).toBe('1111')
})

describe('what is documented of Loki', () => {
  const selector = new Selector()
  const lines = [
    '{"level":"info","service":"api","method":"GET","status":200,"duration":"1.5s","size":"20kB","addr":"10.1.2.3"}',
    '{"level":"error","service":"api","method":"POST","status":503,"duration":"250ms","size":"3MB","addr":"192.168.4.5"}',
    '{"level":"warn","service":"web","message":"slow query\\nselect 1","status":"many"}',
    '{"level":"info","msg":"two words","caller":"main.go:7","took":"75ms"}',
    '2026-11-22 10:00:00 ERROR cannot reach 2001:db8::7 (timeout)'
  ]
  test.each([
    ['{service_name="api"}', '11000'],
    ['{service_name=~"ap"}', '00000'],
    ['{service_name=~"ap.|web"}', '11100'],
    ['{service_name=""}', '00011'],
    ['{agent_id="api@node-1"}', '11000'],
    ['{agent_id=""}', '00000'],
    ['{agent_id!~"api@.*"}', '00111'],
    ['{agent_id="node-1"}', '00011'],
    ['{service_name!="api"}', '00111'],
    ['{nothing=""}', '11111'],
    ['{nothing!=""}', '00000'],
    ['{level=~"error|warn"}', '01101'],
    ['{host="node-1", pod=~"web-.*"}', '11111'],
    ['{file!~"/var/.*"}', '00000'],
    ['{region="eu"} |= "timeout"', '00001'],
    ['{region="eu"} != "status" != "timeout"', '00010'],
    ['{region="eu"} |= "timeout" or "GET"', '10001'],
    ['{region="eu"} != "timeout" or "GET"', '01110'],
    ['{region="eu"} |~ "(?i)TIMEOUT|get"', '10001'],
    ['{region="eu"} |~ "^.{10,14}service"', '00000'],
    ['{region="eu"} |~ "^.{15,18}service"', '11100'],
    ['{region="eu"} | status >= 400', '01100'],
    ['{region="eu"} | status >= 400 | __error__=""', '01000'],
    ['{region="eu"} | status >= 400 | __error__!=""', '00100'],
    ['{region="eu"} | method!="GET"', '01111'],
    ['{region="eu"} | duration > 1s', '10000'],
    ['{region="eu"} | duration == 1500ms', '10000'],
    ['{region="eu"} | took < 100ms', '00010'],
    ['{region="eu"} | size > 1MB or method="GET"', '11000'],
    ['{region="eu"} | method="GET" or method="POST" and status < 500', '10000'],
    ['{region="eu"} | method="GET" or method="POST" and status < 100', '10000'],
    ['{region="eu"} | (method="GET" or method="POST") and status < 100', '00000'],
    ['{region="eu"} | addr=ip("10.0.0.0/8")', '10000'],
    ['{region="eu"} | addr!=ip("10.1.2.1-10.1.2.9")', '01000'],
    ['{region="eu"} |= ip("192.168.4.5") or ip("2001:db8::/32")', '01001'],
    ['{region="eu"} | msg="two words"', '00010'],
    ['{region="eu"} | message=~"(?s)slow.*1"', '00100'],
    ['{region="eu"} | message=~"slow.*1"', '00000']
  ])('%s', (asked, wanted) => {
    expect(selector.rows(asked, lines)).toBe(wanted)
  })
})

test('rows of text are found wherever they stand, and not across their ends', () => {
  const selector = new Selector()
  const logfmt = ['level=info msg="two words" took=75ms', 'level=warn took=2s', 'level=info x']
  expect(selector.rows('{level="info"} | msg="two words" | took < 1s', logfmt)).toBe('100')
  expect(selector.rows('{region="eu"} |= "ab"', ['xa', 'bx', 'ab', '', 'cab', 'aab', 'a', 'b'])).toBe('00101100')
})

describe('what is documented of the stages of Loki', () => {
  const selector = new Selector()
  const json = [
    '{"pod":"x","a.b":{"c":"d"},"list":["p",{"q":"r"}],"n":1.50,"nothing":null,"region":"us","ok":true}',
    '{"log":"{\\"inner\\":\\"1\\"}","_entry":"GET /x 200","kind":"packed"}',
    'no json at all'
  ]
  test.each([
    ['| json | a_b_c="d"', '100'],
    ['| json | n="1.50"', '100'],
    ['| json | n=1.5', '100'],
    ['| json | ok="true"', '100'],
    ['| json | list=""', '111'],
    ['| json | nothing!=""', '000'],
    ['| json | pod="x"', '000'],
    ['| json | pod_extracted="x"', '100'],
    ['| json | region="eu" | region_extracted="us"', '100'],
    ['| json | __error__=""', '110'],
    ['| json | __error__="JSONParserErr"', '001'],
    ['| json | n > 5', '000'],
    [
      '| json first="list[0]", q="list[1].q", whole="list", gone="x.y" | first="p" | q="r" | whole=`["p",{"q":"r"}]`',
      '100'
    ],
    ['| json gone="x.y" | gone="" | __error__=""', '110'],
    ['| json v="[\\"a.b\\"].c" | v="d"', '100'],
    ['| json | line_format "{{.log}}" | json | inner=1', '010'],
    ['| unpack |= "GET" | kind="packed"', '010'],
    ['|= "_entry" | unpack |= "_entry"', '000'],
    ['| json | drop __error__ | __error__=""', '111'],
    ['| json | drop n | n=1.5', '000'],
    ['| json | drop n="2" | n=1.5', '100'],
    ['| json | keep n | ok="" | region="" | n=1.5', '100'],
    ['| json | keep n, ok="false" | ok=""', '111'],
    ['| json | label_format m=n | n="" | m=1.5', '100'],
    ['| json | label_format m="{{.n}}-{{.region}}" | m="1.50-eu"', '100'],
    ['| line_format "{{.pod}}: {{__line__}}" |~ `^web-7: no`', '001']
  ])('json: %s', (asked, wanted) => {
    expect(selector.rows(`{region="eu"} ${asked}`, json, raw)).toBe(wanted)
  })

  const text = [
    'level=warn msg="say \\"hi\\"" took=5ms empty= bare',
    '10.0.0.1 - - [x] "GET /api HTTP/1.1" 503 12',
    '\u001b[31mred\u001b[0m "x',
    ''
  ]
  test.each([
    ['| logfmt | took < 10ms', '1000'],
    ['| logfmt | msg=`say "hi"`', '1000'],
    ['| logfmt | empty="" | bare=""', '1111'],
    ['| logfmt --keep-empty | keep empty, bare | empty=ip("::1") or empty > 5 | __error__!=""', '1000'],
    ['| logfmt --strict | __error__!=""', '0110'],
    ['| logfmt | __error__!=""', '0000'],
    ['| logfmt t="took" | t="5ms" | took=""', '1000'],
    ['| pattern `<ip> - <_> "<method> <path> <_>" <status> <size>` | method="GET" | status >= 500 | size=12', '0100'],
    ['| pattern `<ip> - <rest> @ <never>` | rest=~"- .x.*12"', '0100'],
    ['| pattern `GET <path>` | path!=""', '0000'],
    ['| regexp `"(?P<method>\\w+) (?P<path>\\S+)( (?P<none>zzz))?` | path="/api" | none=""', '0100'],
    ['| regexp `(?P<short>\\d+?)\\D(?P<long>.*) ` | short="10" | long=~".*HTTP/1.1. 503"', '0100'],
    ['| decolorize |= "red "', '0010'],
    ['|= "red "', '0000']
  ])('text: %s', (asked, wanted) => {
    expect(selector.rows(`{region="eu"} ${asked}`, text, raw)).toBe(wanted)
  })
})

test('a part of a line that is not UTF-8 is a text', () => {
  const lines = ['a\xff b', 'a b', '\xc3 \xc3b']
  const rows = (query: string): string => new Selector().rows(`{region="eu"} ${query}`, lines, raw, 'latin1')
  expect(rows('| pattern "<one> <_>" | one="a\ufffd"')).toBe('100')
  expect(rows('| pattern "<_>\ufffd<two>" | two=" b"')).toBe('100')
  expect(rows('| pattern "\ufffd <two>" | two="\ufffdb"')).toBe('001')
})

test.each([
  [
    '| pattern `<word> <rest>` | line_format `{{.word}}: {{.rest}}` != "no"',
    ['0 one: two', '2 \u001b[31mred\u001b[0m: x']
  ],
  ['| decolorize', ['2 red x']],
  ['|= "o"', []]
])('rows that stay are told with the line that stages have made, where it is another one: %s', (stages, told) => {
  const bench = new Bench()
  const lines: string[] = []
  bench.fill(Buffer.from('one two\nno never\n\u001b[31mred\u001b[0m x\n'))
  const filter = new RowFilter(`{region=~".*"} ${stages}`, bench.keys)
  filter.narrow(bench.batch, new Uint8Array(3).fill(1), (row, line) => lines.push(`${row} ${line}`))
  expect(lines).toEqual(told)
})

test.each(['a', ''])('objects nested deeper than calls may be, named "%s", stop nobody', name => {
  const levels = 20_000
  const deep = `${`{"${name}":`.repeat(levels)}{"b":1}${'}'.repeat(levels)}`
  const asked = '{region="eu"} | json | a_a_b="" | c="2"'
  expect(new Selector().rows(asked, [deep, `{"d":${deep},"c":2}`], raw)).toBe('01')
})

describe('stages that change rows', () => {
  const names = ['a', 'b', 'c', 'pod', 'region', 'a_extracted', 'pod_extracted']
  const name = fc.constantFrom(...names)
  const members = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'pod'), fc.constantFrom('1', '2', 'x'), { maxKeys: 4 })
  const line = fc.oneof(
    members.map(all => JSON.stringify(all)),
    members.map(all =>
      Object.entries(all)
        .map(pair => pair.join('='))
        .join(' ')
    ),
    fc.constantFrom('', 'a=1 {', '{"a":{"b":"1"},"c":2}')
  )
  const stage = fc.oneof(
    fc.constantFrom<ChangeTest>({ kind: 'json' }, { kind: 'logfmt' }, { kind: 'lineFormat', names: ['a', 'b'] }),
    fc.record({
      kind: fc.constantFrom('drop' as const, 'keep' as const),
      names: fc.array(name, { minLength: 1, maxLength: 3 })
    }),
    fc.record({ kind: fc.constant('rename' as const), to: name, from: name }),
    fc.record({
      kind: fc.constant('text' as const),
      label: fc.constantFrom(...names, '__error__'),
      operator: fc.constantFrom('=' as const, '!=' as const),
      text: fc.constantFrom('', '1', 'x', 'web-7', 'eu', 'JSONParserErr')
    }),
    fc.record({
      kind: fc.constant('line' as const),
      operator: fc.constant('|=' as const),
      any: fc.constantFrom(['1'], ['x ', '{'])
    })
  )

  test('do to random rows what a naive evaluator does', { timeout: 120_000 }, () => {
    const selector = new Selector()
    const matchers: TextTest[] = [{ kind: 'text', label: 'region', operator: '=', text: 'eu' }]
    let selected = 0
    fc.assert(
      fc.property(
        fc.array(stage, { minLength: 1, maxLength: 6 }),
        fc.array(line, { minLength: 1, maxLength: 8 }),
        (stages, lines) => {
          const asked = { matchers, stages }
          const wanted = lines.map(one => (selects(asked, { line: one, labels: constants }) ? 1 : 0)).join('')
          selected += wanted.includes('1') && wanted.includes('0') ? 1 : 0
          expect(selector.rows(written(asked), lines, raw), `${written(asked)} ${lines.join('\n')}`).toBe(wanted)
        }
      ),
      { numRuns: 2000 }
    )
    expect(selected).toBeGreaterThan(150)
  })
})
