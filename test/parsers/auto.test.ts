import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import type { Parser } from '../../src/core/steps.ts'
import { auto } from '../../src/parsers/auto.ts'
import { formatNames } from '../../src/parsers/formats.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench, type Row } from '../fakes/rows.ts'

/** `auto` at work on lines, with all that it wants to have loaded. */
class Source {
  readonly bench = new Bench()
  readonly parser: Parser = auto.create(optionsOf(auto, {}), this.bench.context)

  async rows(text: string, cuts: readonly number[] = [], choice?: string): Promise<unknown[]> {
    const bytes = Buffer.from(text)
    this.bench.parser = choice
    this.bench.fill(bytes)
    await this.parser.loading!(bytes, bytes.length, this.bench.batch.source)
    return this.bench.rows(bytes, { parser: this.parser, processors: [] }, cuts).map(known)
  }

  get choice(): string | undefined {
    return this.bench.parser
  }
}

/** A row that a parser does not understand is text to `auto`. */
function known(row: Row): object {
  const { 'error.type': _, ...fields } = asObject(row)
  return fields
}

/** Lines of the cases of a parser, without those that it does not know. */
function linesOf(parser: string): string {
  const text = readFileSync(join(import.meta.dirname, 'cases', `${parser}.case`), 'utf8')
  const own = text.split('=== other lines stay text')[0]!
  return [...own.matchAll(/--- input\n([^]*?)\n--- expect/g)].map(([, lines]) => `${lines}\n`).join('')
}

test.each(formatNames)('%s is recognised, and read as its own parser reads it', async name => {
  const source = new Source()
  const text = linesOf(name)
  const rows = await source.rows(text)
  const [choice, position] = source.choice!.split('@')
  expect(choice!.split(',')).toContain(name)
  const definition = await components.parsers[name]()
  const bench = new Bench()
  const parser = definition.create(optionsOf(definition, {}), bench.context)
  const own = bench.rows(Buffer.from(text), { parser, processors: [] })
  const first = Buffer.from(text).subarray(0, Number(position)).toString().split('\n').length - 1
  const wanted = own.map((row, i) => (i < first ? undefined : known(row)))
  // some of the lines show what is special, not how such a file begins
  expect(wanted.filter(row => row !== undefined && Object.keys(row).length > 0).length).toBeGreaterThan(own.length / 2)
  const isOwn = (_: unknown, i: number): boolean => Object.keys(wanted[i] ?? {}).length > 0
  expect(rows.filter(isOwn)).toEqual(wanted.filter(isOwn))
})

test('where chunks are cut, and that it is read again, changes nothing', async () => {
  const banner = 'Starting on port=8080\n'
  const mixed = '{"msg":"a"}\nlevel=info msg="two words"\nwords only\n'
  for (const name of formatNames) {
    const text = banner + linesOf(name) + mixed + linesOf(name)
    const source = new Source()
    const rows = await source.rows(text)
    const { choice } = source
    expect(choice, name).toMatch(/@\d+$/)
    for (let cut = 1; cut < text.length; cut += 97) expect(await source.rows(text, [cut]), name).toEqual(rows)
    expect(source.choice).toBe(choice)
    const again = new Source()
    expect(await again.rows(text, [], choice)).toEqual(rows)
    expect(again.bench.chosen).toBe(0)
  }
})

test('rows of other formats in between are what they are', async () => {
  const source = new Source()
  const java = '2026-11-22 10:00:00,123 [main] WARN  com.example.Pool - Pool is full\n'
  const rows = await source.rows(`Starting\n${java}{"msg":"a"}\na=1 b=2\nwords only\n`)
  expect(rows).toMatchObject([{}, { 'log.logger': 'com.example.Pool' }, { msg: 'a' }, { a: '1', b: '2' }, {}])
  expect(rows[4]).toEqual({})
  expect(source.choice).toBe('java@9')
})

test('rows that may be of two formats are read by both', async () => {
  const source = new Source()
  const both = '2026-11-22 10:00:00,123 ERROR shop.cart - no such item\n'
  const python = '2026-11-22 10:00:00,123 - shop.cart - ERROR - no such item\n'
  expect(await source.rows(both + python)).toMatchObject([{ 'log.logger': 'shop.cart' }, { 'log.logger': 'shop.cart' }])
  expect(source.choice).toBe('java,python@0')
})

test.each([
  '2026-11-22T10:00:00.123Z INFO planner [4bf92f3577b34da6] tool call finished in 12 ms',
  '2026-11-22T10:00:00Z Starting up',
  '2026-11-22T10:00:00Z ERROR failed: no such file',
  'ERROR: no space left on device',
  'Nov 22 10:00:00 something happened',
  '[INFO] ready',
  '10.0.0.1 is not reachable [code] "x"',
  'Listening on 0.0.0.0:8080'
])('"%s" is text, whatever it looks like', async line => {
  const source = new Source()
  expect(await source.rows(`${line}\n`.repeat(3))).toEqual([{}, {}, {}])
  expect(source.choice).toBeUndefined()
})

test('what nobody needs is not loaded, and a source that is text is not looked at for ever', async () => {
  const { parser, bench } = new Source()
  const loading = (text: string): unknown => {
    const bytes = Buffer.from(text)
    bench.fill(bytes)
    const waits = parser.loading!(bytes, bytes.length, bench.batch.source)
    if (waits === undefined) parser.parse(bench.batch)
    return waits
  }
  const redis = '7:M 22 Nov 2026 10:00:00.123 * Ready to accept connections tcp\n'
  expect(loading('words only\n'.repeat(99))).toBeUndefined()
  expect(loading(redis)).toBeInstanceOf(Promise)
  expect(loading('words only\n')).toBeUndefined()
  expect(loading(redis)).toBeUndefined()
  expect(bench.parser).toBeUndefined()
})

test('rows that container runtimes have wrapped are waited for, too', () => {
  const lines = [
    '2026-11-22T10:00:00.123456789Z stdout F I1122 10:00:00.123456 1 main.go:7] started\n',
    '{"log":"\\u003c34\\u003e1 2026-11-22T10:00:00.003Z db-1 app 7 ID47 - An event\\n"}\n'
  ]
  for (const line of lines) {
    const { parser, bench } = new Source()
    bench.fill(Buffer.from(line))
    expect(parser.loading!(bench.batch.bytes, line.length, bench.batch.source)).toBeInstanceOf(Promise)
  }
})
