import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { Flag, Kind, parseErrors } from '../../src/core/row.ts'
import { Keys } from '../../src/core/keys.ts'
import { Arena } from '../../src/scan/arena.ts'
import { JsonScanner } from '../../src/scan/json.ts'
import { document, mutated, randomOf } from './documents.ts'
import { type Field, naiveReading } from './naive-json.ts'
import { scanRows } from './scan-rows.ts'

const descend = new Set(['service', 'log'])
const between = ['\n', '"}\n', '"', '":1}', '41"}', '{', '', '}\n', 'e"}'].map(text => Buffer.from(text))

class Bench {
  readonly arena = new Arena(4096)
  readonly keys = new Keys()
  readonly batch = this.arena.newBatch()
  readonly scanner = new JsonScanner(this.keys, descend)

  /** Puts rows behind each other, with bytes between them that would mend some that are cut, and scans them. */
  scan(rows: readonly Buffer[], bytes = this.arena.bytes): string[] {
    const { batch } = this
    batch.bytes = bytes
    batch.size = 0
    const spans = rows.map((row, number) => {
      const start = batch.size
      row.copy(batch.bytes, start)
      batch.size = start + row.length
      batch.size += between[number % between.length]!.copy(batch.bytes, batch.size)
      return [start, start + row.length] as const
    })
    batch.clear()
    this.arena.index(batch)
    for (const [start, end] of spans) {
      const mark = batch.marks.findIndex(position => position >= start)
      batch.addRow(start, end, start, end + 1 - start, mark)
    }
    return scanRows(this.scanner, batch).map(error => parseErrors[error]!)
  }

  fields(row: number): Field[] {
    const { batch, keys } = this
    const found: Field[] = []
    for (let field = batch.firstField[row]!; field >= 0; field = batch.fieldNext[field]!) {
      const span = batch.bytes.latin1Slice(batch.fieldStart[field]!, batch.fieldEnd[field]!)
      found.push([keys.names[batch.fieldKey[field]!]!, batch.fieldKind[field]! as Kind, span])
    }
    return found
  }
}

function checkRows(bench: Bench, rows: readonly Buffer[], bytes?: Buffer): number {
  const errors = bench.scan(rows, bytes)
  let accepted = 0
  for (const [row, text] of rows.entries()) {
    const wanted = naiveReading(text, descend)
    const hint = `${JSON.stringify(text.toString())} ${text.toString('hex')}`
    if (!wanted.errors.includes(errors[row]!))
      expect.fail(`${hint} got "${errors[row]}", not "${wanted.errors.join()}"`)
    const found = bench.fields(row)
    if (JSON.stringify(found) !== JSON.stringify(wanted.fields)) expect(found, hint).toEqual(wanted.fields)
    if (((bench.batch.flags[row]! & Flag.emptyKey) !== 0) !== wanted.emptyKey) expect.fail(`${hint} emptyKey`)
    if (errors[row] === '') accepted++
  }
  return accepted
}

function rowWithNewKeys(i: number): Buffer {
  return Buffer.from(`{"level":"info","key${i}":{"inner${i}":1},"service":{"name":"n${i}"}}`)
}

describe('json scanner', () => {
  test('accepts and rejects what JSON.parse and a search for repeated keys do, on 100,000 documents', () => {
    const random = randomOf(20261122)
    const bench = new Bench()
    const outside = Buffer.alloc(65536)
    let accepted = 0
    for (let i = 0; i < 100_000; i += 10) {
      const valid = random(3) === 0
      const rows = Array.from({ length: 10 }, () => {
        const text = document(random)
        return valid || random(4) === 0 ? text : mutated(random, text)
      })
      accepted += checkRows(bench, rows, random(8) === 0 ? outside : bench.arena.bytes)
    }
    expect(accepted).toBeGreaterThan(30_000)
    expect(accepted).toBeLessThan(80_000)
  })

  test('the committed kernel is what its source compiles to', async () => {
    const file = new URL('../../src/scan/members.wasm.ts', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(await compile('members'))
  })

  test('passes rows of two shapes once it has seen them, and stops where a value is an object', () => {
    const bench = new Bench()
    const { batch, scanner } = bench
    const shapes = ['{"a":"x","b":-1.5e3,"c":true}', '{"a":"\\u00e4\\n", "d":null,"c":false}']
    const rows = Array.from({ length: 40 }, (_, n) =>
      Buffer.from(n === 30 ? '{"a":"x","b":{"e":1},"c":""}' : shapes[n % 2]!)
    )
    expect(bench.scan(rows)).toEqual(rows.map(() => ''))
    batch.fields = 0
    batch.firstField.fill(-1, 0, batch.rows)
    batch.lastField.fill(-1, 0, batch.rows)
    scanner.open(batch)
    expect(scanner.pass(batch, 0)).toBe(30)
    expect(scanner.scan(batch, 30)).toBe(0)
    expect(scanner.pass(batch, 31)).toBe(40)
    for (const [row, text] of rows.entries()) expect(bench.fields(row)).toEqual(naiveReading(text, descend).fields)
  })

  test('keeps on after the key table has been emptied', () => {
    const bench = new Bench()
    for (let i = 0; i < 40_000; i += 10) {
      checkRows(
        bench,
        Array.from({ length: 10 }, (_, each) => rowWithNewKeys(i + each))
      )
      bench.keys.trim()
    }
    expect(bench.keys.generation).toBe(2)
  })

  test('reads rows of the overlay, also one that has grown out of the arena', () => {
    const bench = new Bench()
    const { batch, arena, scanner } = bench
    bench.scan([Buffer.from('{"a":"in the chunk"}')])
    for (let i = 0; i < 3000; i++) {
      const text = Buffer.from(`{"n":${i},"t":"te\\nxt","ü":"${i % 2 === 0 ? 'ä' : ''}"}`)
      const start = batch.overlay(text.length)
      text.copy(batch.bytes, start)
      const mark = arena.indexSpan(batch, start, start + text.length)
      const row = batch.addRow(start, start + text.length, 0, 0, mark)
      expect(scanRows(scanner, batch, row)).toEqual([0])
      expect(bench.fields(row)).toEqual(naiveReading(text, descend).fields)
    }
    expect(batch.bytes).not.toBe(arena.bytes)
    expect(bench.fields(0)).toEqual([['a', Kind.plain, 'in the chunk']])
  })

  test('looks at no byte behind the row', () => {
    const bench = new Bench()
    const { arena, batch, scanner } = bench
    const texts = [
      '{"level":"a\\u0041\\n","kubernetes.pod.name":12.5e1,"c":[true,{"d":null}]}',
      '{"level":"info","c":"x"}'
    ]
    for (const text of texts.map(text => Buffer.from(text))) {
      batch.size = text.copy(batch.bytes)
      batch.clear()
      arena.index(batch)
      for (let length = 0; length <= text.length; length++) {
        // After the whole row has been seen, so that all keys are guessed.
        const row = batch.addRow(0, text.length, 0, 0, 0)
        expect(scanRows(scanner, batch, row)).toEqual([0])
        batch.addRow(0, length, 0, 0, 0)
        expect(scanRows(scanner, batch, row + 1)[0] === 0).toBe(length === text.length)
      }
    }
  })

  test('takes a stray byte of another row for no fault of this one', () => {
    const bench = new Bench()
    const rows = ['{"a":"ä"}', '{"a":"\xff"}', '{"a":"ok"}'].map((text, i) =>
      Buffer.from(text, i === 1 ? 'latin1' : 'utf8')
    )
    expect(bench.scan(rows)).toEqual(['', 'utf8', ''])
  })
})
