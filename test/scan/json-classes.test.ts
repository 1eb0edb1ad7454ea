import { describe, expect, test } from 'vitest'
import { parseErrors } from '../../src/core/row.ts'
import { Keys } from '../../src/core/keys.ts'
import { Arena } from '../../src/scan/arena.ts'
import { JsonScanner } from '../../src/scan/json.ts'
import { scanRows } from './scan-rows.ts'

/** The classes of JSONTestSuite with inputs of our own. Values stand in an object, as a row must be one. `<hex>` is a raw byte. */
const accepted: Readonly<Record<string, readonly string[]>> = {
  'an object': [
    '{}',
    ' { } ',
    '{"a":1}',
    '\t{"a"\r:\n1}\r',
    '{"":0}',
    '{"a":{},"b":[]}',
    '{"a":1,"b":1}',
    '{"a":{"a":1}}'
  ],
  'an array': ['{"a":[]}', '{"a":[ ]}', '{"a":[1,"",null,true,[],{}]}', '{"a":[[[]],[]]}', '{"a":[{"k":1},{"k":1}]}'],
  'a number': [
    '0',
    '-0',
    '1',
    '-1',
    '123',
    '0.0',
    '-0.1',
    '1.5e3',
    '1E400',
    '1e-400',
    '0e1',
    '0E+1',
    '1e00',
    '-1.0E-0',
    '9'.repeat(400)
  ].map(number => `{"a":${number}}`),
  'a literal': ['{"a":true}', '{"a":false}', '{"a":null}', '{"a":true }', '{"a":[true,false,null]}'],
  'a string': [
    '{"a":""}',
    '{"a":" "}',
    '{"a":"\x7f"}',
    '{"a":"é订😀\u2028\u2029"}',
    '{"a":"\ufeff"}',
    '{"a":"<ef><bf><bf>"}',
    '{"a":"/\'"}'
  ],
  'an escape': [
    '\\"',
    '\\\\',
    '\\/',
    '\\b\\f\\n\\r\\t',
    '\\u0000',
    '\\u00e9\\uABCD',
    '\\\\\\"',
    '\\\\u12',
    '\\ud83d\\ude00',
    '\\u2028'
  ].map(text => `{"a":"${text}"}`),
  'a surrogate without its other half, as JSON.parse': [
    '\\ud800',
    '\\udc00',
    '\\ud800\\ud800',
    '\\ude00\\ud83d',
    '\\ud800x'
  ].map(text => `{"a":"${text}"}`),
  'any depth up to 128': [`{"a":${'['.repeat(127)}${']'.repeat(127)}}`, `${'{"a":'.repeat(127)}{}${'}'.repeat(127)}`],
  'keys that only look alike': [
    '{"a":1,"A":2}',
    '{"a":1,"a ":2}',
    '{"a":1,"\\\\u0061":2}',
    '{"é":1,"e\u0301":2}',
    '{"":1,"_":2}'
  ]
}

const refused: Readonly<Record<string, readonly string[]>> = {
  'what is no object': [
    '',
    ' ',
    '[]',
    '[{"a":1}]',
    '"a"',
    '1',
    'null',
    'true',
    'text',
    '<ef><bb><bf>{}',
    '<00>{}',
    '<0c>{}',
    '\u00a0{}'
  ],
  'an object in pieces': [
    '{',
    '}',
    '{"',
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{,}',
    '{"a":1,}',
    '{,"a":1}',
    '{"a":1,,"b":2}',
    '{"a" 1}',
    '{"a"::1}',
    '{"a":}',
    '{:1}',
    '{"a"}',
    '{"a":1 "b":2}',
    '{"a":1;"b":2}',
    '{"a":1]',
    '{a:1}',
    "{'a':1}",
    '{1:1}',
    '{null:1}',
    '{"a"1}',
    '{"a",1}'
  ],
  'something behind the object': [
    '{}}',
    '{}{}',
    '{}x',
    '{},',
    '{} 1',
    '{"a":1}"',
    '{"a":1}#',
    '{}<00>',
    '{}//c',
    '{}/**/'
  ],
  'an array in pieces': [
    '[',
    ']',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[,]',
    '[1,,2]',
    '[1 2]',
    '[1:2]',
    '["a"',
    '[1}',
    '[1]]',
    '[[]',
    '["a":1]',
    '[\u000b1]',
    '[*]'
  ].map(value => `{"a":${value}}`),
  'a number that is none': [
    '-',
    '+1',
    '01',
    '-01',
    '00',
    '1.',
    '.1',
    '-.1',
    '1.e1',
    '1e',
    '1e+',
    '1E-',
    '1ee2',
    '1e1.5',
    '0x1',
    '1_0',
    '1 0',
    'NaN',
    '-NaN',
    'Infinity',
    '-Infinity',
    '1a',
    '--1',
    '1+1',
    '-a',
    '１',
    '1<00>',
    '1e1e1',
    '0.1.2'
  ].map(value => `{"a":${value}}`),
  'a literal that is none': [
    't',
    'tru',
    'truee',
    'True',
    'TRUE',
    'fals',
    'nul',
    'nulll',
    'undefined',
    'xrue',
    'tXue',
    'xalse',
    'fXlse',
    'Null',
    'nil'
  ].map(value => `{"a":${value}}`),
  'a string in pieces': ['"', '"a', '"\\"', '"\\', '"a"b"', '""""', "'a'", '`a`', '"a', 'a"', '\\"a"', '"a"\\'].map(
    value => `{"a":${value}}`
  ),
  'a control character': [...Array(32).keys()].flatMap(byte => {
    const hex = `<${byte.toString(16).padStart(2, '0')}>`
    return [`{"a":"${hex}"}`, `{"${hex}":1}`, `{"a":"\\${hex}"}`, `{"a":"\\n${hex}"}`]
  }),
  'a bad escape': [
    '\\x00',
    '\\a',
    '\\v',
    '\\0',
    "\\'",
    '\\U0041',
    '\\u',
    '\\u0',
    '\\u00',
    '\\u004',
    '\\u004g',
    '\\u 041',
    '\\u+041',
    '\\u-041',
    '\\ud83d\\u',
    '\\ud83d\\ude0',
    '\\é',
    '\\ ',
    '\\{'
  ].flatMap(text => [`{"a":"${text}"}`, `{"${text}":1}`, `{"a":["${text}"]}`]),
  'white space of other kinds': [
    '{<0b>}',
    '{<0c>}',
    '{\u00a0}',
    '{\u2028}',
    '{"a"\u00a0:1}',
    '{"a":1<0c>}',
    '{"a":1,<00>"b":2}',
    '{"a":<ef><bb><bf>1}'
  ],
  'a comment': ['{/**/}', '{"a":1/**/}', '{"a":/**/1}', '{}#c', '{//c\n}']
}

const invalidUtf8 = [
  '<ff>',
  '<80>',
  '<c3>',
  '<c0><af>',
  '<e0><80><80>',
  '<ed><a0><80>',
  '<f4><90><80><80>',
  '<f8><88><80><80><80>',
  '<e4><b8>'
].flatMap(bytes => [`{"a":"${bytes}"}`, `{"${bytes}":1}`, `{"a":["${bytes}"]}`, `{"a":"\\n${bytes}"}`])

const repeated = [
  '{"a":1,"a":1}',
  '{"a":1,"b":2,"a":3}',
  '{"a":1,"\\u0061":2}',
  '{"\\u0061":1,"a":2}',
  '{"é":1,"\\u00e9":2}',
  '{"😀":1,"\\ud83d\\ude00":2}',
  '{"/":1,"\\/":2}',
  '{"":1,"":2}',
  '{"\\ud800":1,"\\ufffd":2}',
  '{"x":{"a":1,"a":2}}',
  '{"x":[{"a":1},{"b":1,"b":2}]}',
  '{"x":{"y":{"a":1,"\\u0061":2}}}',
  '{"x":{"a":{"a":1},"a":2}}',
  '{"service":{"name":1,"name":2}}',
  '{"service":{"name":1},"service":{"version":1}}',
  '{"service":{"":1,"":2}}'
]

const tooDeep = [
  `{"a":${'['.repeat(128)}${']'.repeat(128)}}`,
  `${'{"a":'.repeat(128)}{}${'}'.repeat(128)}`,
  `{"a":${'['.repeat(100_000)}`
]

function bytesOf(text: string): Buffer {
  const parts = text.split(/(<[0-9a-f]{2}>)/)
  return Buffer.concat(
    parts.map(part => (/^<..>$/.test(part) ? Buffer.from(part.slice(1, 3), 'hex') : Buffer.from(part)))
  )
}

const arena = new Arena()
const batch = arena.newBatch()
const scanner = new JsonScanner(new Keys(), new Set(['service']))

/** The error of a row that stands alone, and between two others; both must agree. */
function errorOf(text: string): string {
  const row = bytesOf(text)
  const errors = [Buffer.alloc(0), Buffer.from('{"a":"b","c":"d"}\n')].map(around => {
    batch.size = Buffer.concat([around, row, around.length > 0 ? Buffer.from('\n') : around, around]).copy(batch.bytes)
    batch.clear()
    arena.index(batch)
    const mark = batch.marks.findIndex(position => position >= around.length)
    batch.addRow(around.length, around.length + row.length, 0, 0, mark)
    return parseErrors[scanRows(scanner, batch)[0]!]!
  })
  expect(errors[0]).toBe(errors[1])
  if (errors[0] !== '') expect(batch.firstField[0]).toBe(-1)
  return errors[0]!
}

describe('json scanner', () => {
  for (const [name, texts] of Object.entries(accepted)) {
    test(`accepts ${name}`, () => {
      expect(texts.filter(text => errorOf(text) !== '')).toEqual([])
    })
  }

  for (const [name, texts] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expect(texts.filter(text => errorOf(text) !== 'json')).toEqual([])
    })
  }

  test('refuses bytes that are not UTF-8', () => {
    expect(invalidUtf8.filter(text => errorOf(text) !== 'utf8')).toEqual([])
  })

  test('refuses keys that stand twice in an object, however they are written', () => {
    expect(repeated.filter(text => errorOf(text) !== 'json_duplicate_key')).toEqual([])
  })

  test('refuses more than 128 objects and arrays in each other', () => {
    expect(tooDeep.filter(text => errorOf(text) !== 'json_depth')).toEqual([])
  })

  test('refuses every beginning of a row that was cut', () => {
    const whole = bytesOf('{"a":"b\\u0041\\"é","n":-1.5e+3,"o":{"k":[true,{"x":null}]},"service":{"name":"n"}}')
    for (let length = 0; length < whole.length; length++) {
      batch.size = whole.copy(batch.bytes)
      batch.clear()
      arena.index(batch)
      batch.addRow(0, length, 0, 0, 0)
      expect(scanRows(scanner, batch)[0]).not.toBe(0)
    }
  })
})
