import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compile } from '../../kernels/build.ts'
import type { Batch } from '../../src/core/batch.ts'
import { Kind } from '../../src/core/row.ts'
import type { Parser } from '../../src/core/steps.ts'
import { auto } from '../../src/parsers/auto.ts'
import { raw } from '../../src/parsers/raw.ts'
import { regex } from '../../src/parsers/regex.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { redact } from '../../src/processors/redact/index.ts'
import { set } from '../../src/processors/set.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench } from '../fakes/rows.ts'
import { cases } from './redact-cases.ts'

/** Steps behind a parser, with kernels and without. */
class Redacted {
  readonly #ways: readonly { bench: Bench; steps: Parameters<Bench['rows']>[1] }[]

  constructor(options: object, parserOf = (bench: Bench): Parser => auto.create(optionsOf(auto, {}), bench.context)) {
    this.#ways = [new Bench(), new Bench('', false)].map(bench => ({
      bench,
      steps: {
        parser: parserOf(bench),
        processors: [
          normalize.create(optionsOf(normalize, {}), bench.context),
          redact.create(optionsOf(redact, options), bench.context)
        ]
      }
    }))
  }

  /** The rows as objects, and the bytes that they are in. */
  of(text: string): { rows: Record<string, unknown>[]; text: string } {
    const results = this.#ways.map(({ bench, steps }) => {
      const rows = bench.rows(Buffer.from(text), steps).map(asObject)
      return { rows, text: bench.batch.bytes.utf8Slice(0, bench.batch.size) }
    })
    expect(results[1]).toEqual(results[0])
    return results[0]!
  }

  /** The bytes of each row, which come in chunks. */
  lines(bytes: Buffer, cuts: readonly number[]): string[] {
    const results = this.#ways.map(({ bench, steps }) => {
      const lines: string[] = []
      const seen = {
        apply: ({ rows, starts, ends }: Batch) => {
          for (let row = 0; row < rows; row++) lines.push(bench.batch.text(starts[row]!, ends[row]!))
        }
      }
      bench.rows(bytes, { ...steps, processors: [...steps.processors, seen] }, cuts)
      return lines
    })
    expect(results[1]).toEqual(results[0])
    return results[0]!
  }
}

const plain = (line: string): string => line.replaceAll(/[«»]/g, '')
const masked = (line: string): string =>
  line.replaceAll(/«([^»]*)»/g, (_, secret: string) => '*'.repeat(Buffer.byteLength(secret)))
/** Stars are as many as the bytes they stand for; an escape has some more. */
const short = (text: string): string => text.replaceAll(/\*+/g, '*')
/** As a writer that likes escapes has it. */
const escaped = (text: string): string =>
  text.replaceAll(/[^]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

describe.each(Object.entries(cases))('%s', (preset, lines) => {
  const asText = new Redacted({ presets: [preset] }, () => raw.create(undefined as never, undefined as never))
  const asJson = new Redacted({ presets: [preset] })

  test.each(lines)('%s', line => {
    // a line feed ends a line of text
    const text = line.replaceAll('\n', ' ')
    expect(asText.of(plain(text)).text).toBe(masked(text))
    const value = JSON.stringify(plain(line))
    const all = { msg: 'of', a: [{ b: 'of' }], c: 'of' }
    const row = `{"msg":${value},"a":[{"b":"${escaped(plain(line))}"}],"c":${JSON.stringify(JSON.stringify({ d: plain(line) }))}}`
    const found = JSON.parse(asJson.of(row).text) as { msg: string; a: { b: string }[]; c: string }
    expect(Object.keys(found)).toEqual(Object.keys(all))
    expect(short(found.msg)).toBe(short(masked(line)))
    expect(short(found.a[0]!.b)).toBe(short(masked(line)))
    expect(short((JSON.parse(found.c) as { d: string }).d)).toBe(short(masked(line)))
  })
})

/** Each character as JSON may have it. */
const written = (text: string, choices: readonly number[]): string =>
  text
    .split('')
    .map((char, i) => {
      const choice = choices[i % choices.length]!
      if (choice === 1) return escaped(char)
      return choice === 2 && char === '/' ? '\\/' : JSON.stringify(char).slice(1, -1)
    })
    .join('')

const all = new Redacted({ presets: ['secrets', 'cards', 'emails', 'ips'] })

describe('wherever it stands', () => {
  const phrases = Object.entries(cases).flatMap(([preset, lines]) =>
    lines.filter(line => line.includes('«') && !/BEGIN(?!.*END)/s.test(line)).map(line => ({ preset, line }))
  )
  const steps = new Map(Object.keys(cases).map(preset => [preset, new Redacted({ presets: [preset] })]))
  const choices = fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 9 })
  const words = fc.constantFrom('plain', 'größe', 'a "quoted" one', 'C:\\temp', '', 'line\nfeed', '42')
  const secret = fc.record({
    phrase: fc.constantFrom(...phrases),
    before: words,
    after: words,
    choices,
    inner: choices
  })
  const places = fc.constantFrom('msg', 'field', 'member', 'element', 'inner')

  test('no secret stays, and all else does: in any field, with any escapes, in any chunk', () => {
    let hidden = 0
    const row = fc.record({ secret, place: places, other: words })
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(2000), { maxLength: 3 }),
        (rows, cuts) => {
          for (const preset of Object.keys(cases)) {
            const own = rows.filter(({ secret: one }) => one.phrase.preset === preset)
            if (own.length === 0) continue
            const lines = own.map(({ secret: one, place, other }) => {
              const text = `${one.before} ; ${plain(one.phrase.line)} ${one.after}`
              const value = `"${written(text, one.choices)}"`
              const inner = `"${written(`{"k":"${written(text, one.inner)}"}`, one.choices)}"`
              const at = (name: string): string => (place === name ? value : JSON.stringify(other))
              return `{"msg":${at('msg')},"field":${at('field')},"o":{"member":${at('member')},"l":[1.5,${at('element')}]},"inner":${place === 'inner' ? inner : '"{}"'}}`
            })
            const bytes = Buffer.from(`${lines.join('\n')}\n`)
            const found = steps.get(preset)!.lines(
              bytes,
              cuts.map(cut => 1 + (cut % bytes.length)).toSorted((a, b) => a - b)
            )
            for (const [number, { secret: one, place, other }] of own.entries()) {
              const parsed = JSON.parse(found[number]!) as Record<string, unknown>
              const expected = `${one.before} ; ${masked(one.phrase.line)} ${one.after}`
              const at = (name: string): string => short(place === name ? expected : other)
              const inner = short(String(parsed['inner']))
              expect(JSON.parse(short(JSON.stringify({ ...parsed, inner: 0 })))).toEqual({
                msg: at('msg'),
                field: at('field'),
                o: { member: at('member'), l: [1.5, at('element')] },
                inner: 0
              })
              expect(JSON.parse(inner)).toEqual(place === 'inner' ? { k: short(expected) } : {})
              hidden++
            }
          }
        }
      ),
      { numRuns: 400 }
    )
    expect(hidden).toBeGreaterThan(400)
  })

  test('in JSON that was cut, and in text with escapes', () => {
    expect(all.of('{"msg":"a","password":"hunter2').text).toBe('{"msg":"a","password":"*******')
    expect(all.of('{"msg":"pass\\u0077ord=hunter2 b","c":').text).toBe('{"msg":"pass\\u0077ord=******* b","c":')
    expect(all.of('got {\\"token\\":\\"abc\\"} back').text).toBe('got {\\"token\\":\\"***\\"} back')
  })
})

describe('fields', () => {
  test('are masked as a whole, with all that is in them; numbers stay numbers', () => {
    const { text } = new Redacted({ presets: [], fields: ['ssn', 'card.no'] }).of(
      '{"ssn":"1\\n2","a":{"ssn":[-12.5e3,{"b":"c"},true,null]},"card":{"no":7},"no":7,"ssn2":"x","\\u0073sn_":1}'
    )
    expect(text).toBe(
      '{"ssn":"****","a":{"ssn":[-99.9e3,{"b":"*"},true,null]},"card":{"no":9},"no":7,"ssn2":"x","\\u0073sn_":1}'
    )
  })

  test('are known by the name that a parser gives them', () => {
    const own = new Redacted({ fields: ['user'] }, ({ context }) =>
      regex.create(optionsOf(regex, { pattern: '^(?P<user>\\S+) (?P<password>\\S+) (?P<rest>.*)$' }), context)
    )
    expect(own.of('ann hunter2 in').rows).toMatchObject([{ user: '***', password: '*******', rest: 'in' }])
    expect(new Redacted({ fields: ['n'] }).of('level=info n=12 msg="a b"').rows).toMatchObject([{ n: '**' }])
  })
})

const maskedBy = (patterns: string[], text: string): string => new Redacted({ presets: [], patterns }).of(text).text

describe('patterns', () => {
  test('are masked wherever they match, or only their groups', () => {
    expect(maskedBy(['\\bC-[0-9]+\\b'], 'C-1 C-22,xC-3 C-4')).toBe('*** ****,xC-3 ***')
    expect(maskedBy(['id=(?P<id>[0-9]+)|nr (?P<nr>[0-9]+)'], 'id=12 nr 3')).toBe('id=** nr *')
    expect(maskedBy(['^ab'], 'ababab')).toBe('**abab')
    expect(maskedBy(['a|b*'], 'xabbx')).toBe('x***x')
    expect(maskedBy(['(?i)größe'], '{"msg":"GR\\u00d6ssE, Gr\\u00f6\\u00dfe"}')).toBe(
      '{"msg":"GR\\u00d6ssE, ***************"}'
    )
    expect(maskedBy(['"x"'], '{"msg":"a \\"x\\" b"}')).toBe('{"msg":"a ***** b"}')
    expect(maskedBy(['[0-9]{3}-[0-9]{2}'], '123-45 {"a":1}')).toBe('****** {"a":1}')
  })
})

test('values that steps before have made are masked, and stay what they are', () => {
  const bench = new Bench()
  const rows = bench.rows(
    Buffer.from('{"user":"a\\u0040b.org","rest":"word=hunter2","msg":"x"}\n{"user":"c","rest":"","msg":"y"}\n'),
    {
      parser: auto.create(optionsOf(auto, {}), bench.context),
      processors: [
        normalize.create(optionsOf(normalize, {}), bench.context),
        set.create(optionsOf(set, { fields: { message: '{{user}} with pass{{rest}}' } }), bench.context),
        redact.create(optionsOf(redact, { presets: ['secrets', 'cards', 'emails', 'ips'] }), bench.context)
      ]
    }
  )
  expect(rows.map(asObject).map(row => row['body'])).toEqual(['******* with password=*******', 'c with pass'])
})

test('a number that a step gave to all rows is a text in each of them, once it is masked', () => {
  const bench = new Bench()
  const kinds: number[] = []
  const seen = {
    apply: ({ rows, firstField, fieldKind }: Batch) => {
      for (let row = 0; row < rows; row++) kinds.push(fieldKind[firstField[row]!]!)
    }
  }
  const rows = bench.rows(Buffer.from('a\nb\nc\n'), {
    parser: raw.create(undefined as never, undefined as never),
    processors: [
      set.create(optionsOf(set, { fields: { account: 123456 } }), bench.context),
      redact.create(optionsOf(redact, { presets: [], patterns: ['[0-9]{6}'] }), bench.context),
      seen
    ]
  })
  expect(rows.map(asObject).map(row => row['account'])).toEqual(['******', '******', '******'])
  expect(kinds).toEqual([Kind.plain, Kind.plain, Kind.plain])
})

test('what looks like a card in an id stays', () => {
  const line = '{"trace_id":"41111111111111114111111111111111","span_id":"4111111111111111","msg":"a@b.org"}'
  expect(all.of(line).rows).toMatchObject([{ span_id: '4111111111111111', body: '*******' }])
})

test('rows that were left out are masked too, and rows that a condition does not select are not', () => {
  const some = new Redacted({ if: '{level="info"}' })
  const lines = ['info', 'debug'].map(level => `{"level":"${level}","password":"x"}\n`)
  expect(some.of(lines.join('')).rows.map(row => row['password'])).toEqual(['*', 'x'])
})

test.each([
  ['signs', '@:=-.%'.repeat(170_000)],
  ['beginnings of keys', 'sk-'.repeat(340_000)],
  ['beginnings of tokens', 'eyJ-'.repeat(250_000) + '.eyJ'],
  ['names', 'token='.repeat(170_000)],
  ['groups of digits', '4111 1111 1111 1112 '.repeat(50_000)],
  ['colons', 'a:b:c:'.repeat(170_000)],
  ['URLs', 'x://a:b'.repeat(140_000)],
  ['private keys', '-----BEGIN PRIVATE KEY'.repeat(45_000)],
  ['escapes', '\\\\u0022\\'.repeat(100_000)],
  ['quotes', `{"a":"${'\\\\\\"'.repeat(250_000)}`],
  ['brackets', '{"a":['.repeat(160_000)]
])('a line of 1 MB of what is nearly something takes no time: %s', (_, text) => {
  const begun = performance.now()
  all.of(`${text}\npassword=x\n`)
  // four times 1 MB, with all that a row takes besides: a quadratic search takes minutes
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('the compiled kernel is that of its source', async () => {
  expect(readFileSync(new URL('../../src/scan/hints.wasm.ts', import.meta.url), 'utf8')).toBe(await compile('hints'))
})
