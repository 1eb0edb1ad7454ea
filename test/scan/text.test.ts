import { describe, expect, test } from 'vitest'
import { Batch } from '../../src/core/batch.ts'
import { Flag } from '../../src/core/row.ts'
import { copyBytes, isUtf8Row, unescape, writeEscaped } from '../../src/scan/text.ts'
import { randomOf } from './documents.ts'

const into = Buffer.alloc(8192)

function written(write: (into: Buffer, at: number) => number): Buffer {
  into.fill(0x7e)
  const end = write(into, 3)
  expect(into[2]).toBe(0x7e)
  expect(into[end]).toBe(0x7e)
  return Buffer.from(into.subarray(3, end))
}

describe('copyBytes', () => {
  test('copies spans of any length', () => {
    const from = Buffer.from(Array.from({ length: 700 }, (_, i) => i & 0xff))
    for (let length = 0; length < 600; length++) {
      const copy = written((into, at) => copyBytes(from, 7, 7 + length, into, at))
      expect(copy.equals(from.subarray(7, 7 + length))).toBe(true)
    }
  })
})

describe('writeEscaped', () => {
  test('writes what JSON.parse reads back, with U+FFFD where the WHATWG decoder puts it', () => {
    const random = randomOf(3)
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const pool = Buffer.from('aZ"\\\n\t\u0000\u001f\u007fé订😀\ud7ff\ue000'.repeat(3))
    for (let round = 0; round < 20_000; round++) {
      const text = Buffer.from(
        Array.from({ length: random(90) }, () => (random(8) === 0 ? random(256) : pool[random(pool.length)]!))
      )
      const escaped = written((into, at) => writeEscaped(text, 0, text.length, into, at))
      expect(escaped.length).toBeLessThanOrEqual(text.length * 6)
      expect(JSON.parse(`"${escaped.toString()}"`)).toBe(decoder.decode(text))
    }
  })

  test.each([
    ['c3', '\ufffd'],
    ['c328', '\ufffd('],
    ['e4b8', '\ufffd'],
    ['e4b822', '\ufffd\\"'],
    ['f09f98', '\ufffd'],
    ['eda080', '\ufffd\ufffd\ufffd'],
    ['f4908080', '\ufffd\ufffd\ufffd\ufffd'],
    ['c080', '\ufffd\ufffd'],
    ['e08080', '\ufffd\ufffd\ufffd'],
    ['f08f8080', '\ufffd\ufffd\ufffd\ufffd'],
    ['0a', '\\n'],
    ['01', '\\u0001'],
    ['1f7f', '\\u001f\u007f']
  ])('writes %s as %j', (hex, wanted) => {
    const from = Buffer.from(hex, 'hex')
    expect(written((into, at) => writeEscaped(from, 0, from.length, into, at)).toString()).toBe(wanted)
  })
})

describe('unescape', () => {
  test.each([
    '',
    'plain é',
    '\\"\\\\\\/\\b\\f\\n\\r\\t',
    '\\u0041\\u00e9\\u8ba2\\uFFFF',
    '\\ud83d\\ude00 and \\uD83D\\uDE00',
    '\\ud800',
    '\\ud800x',
    '\\ud800\\n',
    '\\ud800\\ud83d\\ude00',
    '\\udc00\\ud800',
    '\\u0000'
  ])('reads %j as JSON.parse does', text => {
    const from = Buffer.from(text)
    const wanted = (JSON.parse(`"${text}"`) as string).toWellFormed()
    expect(written((into, at) => unescape(from, 0, from.length, into, at)).toString()).toBe(wanted)
    expect(from.subarray(0, unescape(from, 0, from.length, from, 0)).toString()).toBe(wanted)
  })
})

describe('isUtf8Row', () => {
  test('looks for itself where a row may have been cut inside a character', () => {
    const batch = new Batch(Buffer.from('ok\né'))
    const whole = batch.addRow(0, 2, 0, 3, 0)
    const cut = batch.addRow(3, 4, 3, 1, 0)
    batch.flags[cut] = Flag.unterminated
    expect([isUtf8Row(batch, whole), isUtf8Row(batch, cut)]).toEqual([true, false])
    batch.isUtf8 = false
    expect(isUtf8Row(batch, whole)).toBe(true)
  })
})
