// Speed of times, levels, ids, parsers and `normalize`: `node test/bench/micro/normalize.ts`.
import { Kind } from '../../../src/core/row.ts'
import { auto } from '../../../src/parsers/auto.ts'
import { logfmt } from '../../../src/parsers/logfmt.ts'
import { normalize } from '../../../src/processors/normalize/index.ts'
import { severityOf } from '../../../src/scan/severity.ts'
import { TimeScanner } from '../../../src/scan/time.ts'
import { optionsOf } from '../../fakes/definitions.ts'
import { Bench } from '../../fakes/rows.ts'

const chunkBytes = 128 * 1024
const startMs = Date.parse('2026-11-22T10:00:00Z')
const levels = ['debug', 'info', 'info', 'info', 'warn', 'error']

let seed = 7
function random(below: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed % below
}
const hex = (digits: number): string => Array.from({ length: digits }, () => random(16).toString(16)).join('')
const message = (length: number): string =>
  'accepted order of customer after retry in shard '.repeat(9).slice(0, length)
const level = (): string => levels[random(levels.length)]!
const inOrder = (row: number): string => new Date(startMs + row * 13).toISOString()
const anywhere = (): string => new Date(startMs + random(86_400_000)).toISOString()

/** Prints the best of several rounds, in time of the processor: others may use the machine as well. */
function measure(name: string, items: number, pass: () => void): void {
  const passes = Math.max(1, Math.ceil(400_000 / items))
  let best = Infinity
  for (let round = 0; round < 12; round++) {
    const start = process.cpuUsage()
    for (let i = 0; i < passes; i++) pass()
    best = Math.min(best, (process.cpuUsage(start).user * 1000) / passes / items)
  }
  console.log(`${name.padEnd(52)} ${best.toFixed(1).padStart(7)} ns ${(1e3 / best).toFixed(1).padStart(7)} M/s`)
}

function measureTimes(name: string, texts: string[], kind: number = Kind.plain): void {
  const bytes = Buffer.from(texts.join(','))
  const ends: number[] = []
  for (const text of texts) ends.push((ends.at(-1) ?? -1) + 1 + text.length)
  const scanner = new TimeScanner('UTC')
  let sum = 0
  measure(`time: ${name}`, texts.length, () => {
    let start = 0
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i]!
      if (scanner.parse(bytes, start, end, kind)) sum += scanner.ms
      start = end + 1
    }
  })
  if (sum === 0) throw new Error(`No time was read: ${name}`)
}

const many = (make: (row: number) => string): string[] => Array.from({ length: 4000 }, (_, row) => make(row))
measureTimes('ISO with ms, in order', many(inOrder))
measureTimes('ISO with ms, anywhere in a day', many(anywhere))
measureTimes(
  'ISO with offset, in order',
  many(row => inOrder(row).replace('Z', '+02:00'))
)
measureTimes(
  'Python, in order',
  many(row => inOrder(row).replace('T', ' ').replace('.', ',').slice(0, -1))
)
measureTimes(
  'CLF',
  many(row => `22/Nov/2026:${inOrder(row).slice(11, 19)} +0000`)
)
measureTimes(
  'RFC 3164',
  many(row => `Nov 22 ${inOrder(row).slice(11, 19)}`)
)
measureTimes(
  'epoch ms, number',
  many(row => String(startMs + row * 13)),
  Kind.number
)

{
  const words = Buffer.from('info,debug,error,warn,INFO,')
  let sum = 0
  measure('severity of words', 4000, () => {
    for (let i = 0; i < 1000; i++) {
      sum += severityOf(words, 0, 4, Kind.plain) + severityOf(words, 5, 10, Kind.plain)
      sum += severityOf(words, 11, 16, Kind.plain) + severityOf(words, 17, 21, Kind.plain)
    }
  })
  if (sum === 0) throw new Error('No level was read')
}

function measureRows(name: string, make: (row: number) => string, parserName: 'auto' | 'logfmt' = 'auto'): void {
  const bench = new Bench('fallback')
  const definition = parserName === 'auto' ? auto : logfmt
  const parser = definition.create(optionsOf(definition, {}), bench.context)
  const processor = normalize.create(optionsOf(normalize, {}), bench.context)
  let text = ''
  for (let row = 0; ; row++) {
    const line = `${make(row)}\n`
    if (text.length + line.length > chunkBytes) break
    text += line
  }
  bench.fill(Buffer.from(text))
  const { batch } = bench
  const { rows, size } = batch
  const marks = batch.mark.slice(0, rows)
  const starts = batch.starts.slice(0, rows)
  const ends = batch.ends.slice(0, rows)
  const again = (): void => {
    batch.clear()
    for (let row = 0; row < rows; row++) {
      batch.addRow(starts[row]!, ends[row]!, starts[row]!, ends[row]! + 1 - starts[row]!, marks[row]!)
    }
  }
  measure(`${name}: rows of ${Math.round(size / rows)} bytes, parse`, rows, () => {
    again()
    parser.parse(batch)
  })
  const keys = batch.fieldKey.slice(0, batch.fields)
  measure(`${name}: rows of ${Math.round(size / rows)} bytes, normalize`, rows, () => {
    batch.used = batch.size + 64
    batch.fieldKey.set(keys)
    processor.apply(batch)
  })
}

const w1 = (time: string): string =>
  `{"timestamp":"${time}","level":"${level()}","service_name":"checkout","trace_id":"${hex(32)}","message":"${message(120)}"}`
measureRows('W1, times in order', row => w1(inOrder(row)))
measureRows('W1, times anywhere', () => w1(anywhere()))
measureRows(
  'JSON with 10 fields, 3 renamed',
  row =>
    `{"time":${startMs + row},"level":30,"service":"billing","agent_id":"a-7","event":"call","user_id":"u${row}","tool":"search","took_ms":12.5,"error_code":"none","msg":"${message(60)}"}`
)
measureRows('W5, text', row => `${inOrder(row)} ${level().toUpperCase()} [main] ${message(100)}`)
measureRows('text without time and level', () => message(130))
measureRows('text with ids', row => `${inOrder(row)} INFO trace_id=${hex(32)} span_id=${hex(16)} ${message(60)}`)
measureRows(
  'logfmt',
  row => `ts=${inOrder(row)} level=${level()} service=billing msg="${message(80)}" took=12ms`,
  'logfmt'
)
