import { expect, test } from 'vitest'
import { Kind } from '../../src/core/row.ts'
import { severityInText, severityOf, severityTexts, syslogSeverityOf } from '../../src/scan/severity.ts'

const of = (text: string, kind: number = Kind.plain) => severityOf(Buffer.from(`x${text}x`), 1, 1 + text.length, kind)
const syslog = (text: string) => syslogSeverityOf(Buffer.from(text), 0, text.length, Kind.number)
const inText = (text: string) => severityInText(Buffer.from(text), 0, text.length)
const texts = 'trace debug info notice warn error critical alert fatal'.split(' ')

test('severity numbers have the texts of their ranges', () => {
  expect(severityTexts).toHaveLength(25)
  expect([1, 5, 9, 10, 13, 17, 18, 19, 21].map(number => severityTexts[number])).toEqual(texts)
  for (const text of texts) expect(severityTexts[of(text)]).toBe(text)
})

test('severity words count in any case and only whole', () => {
  for (const word of ['warning', 'WARNING', 'Warning', 'wArNiNg']) expect(of(word)).toBe(13)
  for (const word of ['warnings', 'warnin', 'xwarning', 'in', 'informationals']) expect(of(word)).toBe(0) // one bit apart from letters
  for (const word of ['INF\u000f', '\u0049nf/', 'err@r']) expect(of(word)).toBe(0)
})

test('severity numbers are those of pino, and of syslog where asked', () => {
  expect([10, 20, 30, 40, 50, 60].map(n => of(String(n), Kind.number))).toEqual([1, 5, 9, 13, 17, 21])
  expect(['0', '1', '2', '3', '4', '5', '6', '7', '8', '30'].map(syslog)).toEqual([21, 19, 18, 17, 13, 10, 9, 5, 0, 0])
  expect(syslogSeverityOf(Buffer.from('err'), 0, 3, Kind.plain)).toBe(17)
})

test('severity has no value of other kinds', () => {
  for (const kind of [Kind.absent, Kind.boolean, Kind.null, Kind.json]) expect(of('info', kind)).toBe(0)
})

test('severity in text leaves words alone that mean other things there', () => {
  expect(['ERROR', 'panic', 'Note', 'FINE', 'log', 'fail', 'config'].map(inText)).toEqual([17, 21, 10, 0, 0, 0, 0])
})
