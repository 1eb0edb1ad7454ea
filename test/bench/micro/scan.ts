// Speed of the scan room's core on lines as W1 has them: `node test/bench/micro/scan.ts`.
import { Batch } from '../../../src/core/batch.ts'
import { Keys } from '../../../src/core/keys.ts'
import { Arena } from '../../../src/scan/arena.ts'
import { JsonScanner } from '../../../src/scan/json.ts'
import { copyBytes, writeEscaped } from '../../../src/scan/text.ts'

const levels = ['debug', 'info', 'info', 'info', 'warn', 'error']
const services = ['checkout', 'inventory', 'mcp-agent', 'payment-gateway']
const words = 'accepted order of customer while waiting for upstream reply after retry in shard with timeout'.split(' ')

let seed = 7
function random(below: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed % below
}

function hex(digits: number): string {
  return Array.from({ length: digits }, () => random(16).toString(16)).join('')
}

function w1Line(): string {
  const record = {
    timestamp: new Date(1_790_000_000_000 + random(86_400_000)).toISOString(),
    level: levels[random(levels.length)]!,
    service_name: services[random(services.length)]!,
    trace_id: hex(32),
    message: ''
  }
  let room = 259 - 1 - JSON.stringify(record).length
  while (room > 0) {
    const word = `${words[random(words.length)]!} `.slice(0, room)
    record.message += word
    room -= word.length
  }
  return JSON.stringify(record)
}

function chunkOf(line: () => string, bytes: number): Buffer {
  const lines: string[] = []
  for (let size = 0; ; ) {
    const text = `${line()}\n`
    size += Buffer.byteLength(text)
    if (size > bytes) return Buffer.from(lines.join(''))
    lines.push(text)
  }
}

/** Runs `pass` over and over and prints the best of many short rounds, so that other programs disturb little. */
function measure(name: string, bytes: number, rows: number, pass: () => void): void {
  let best = Infinity
  const until = performance.now() + 700
  while (performance.now() < until) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < 5; i++) pass()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 5)
  }
  const speed = (bytes / best).toFixed(2).padStart(6)
  console.log(`${name.padEnd(44)} ${speed} GB/s ${(best / rows).toFixed(1).padStart(8)} ns/row`)
}

function batchOf(chunk: Buffer, arena: Arena, inArena: boolean): Batch {
  const batch = inArena ? arena.newBatch() : new Batch(Buffer.from(chunk))
  chunk.copy(batch.bytes)
  batch.size = chunk.length
  return batch
}

function addRows(batch: Batch, arena: Arena): void {
  batch.clear()
  const { count, ends, marks } = arena.lines
  let start = 0
  for (let line = 0; line < count; line++) {
    const end = ends[line]!
    batch.addRow(start, end, batch.base + start, end + 1 - start, line === 0 ? 0 : marks[line - 1]!)
    start = end + 1
  }
}

function scanAll(batch: Batch, scanner: JsonScanner): void {
  batch.fields = 0
  batch.firstField.fill(-1, 0, batch.rows)
  batch.lastField.fill(-1, 0, batch.rows)
  scanner.open(batch)
  for (let row = scanner.pass(batch, 0); row < batch.rows; row = scanner.pass(batch, row + 1)) {
    if (scanner.scan(batch, row) !== 0) throw new Error(`Refused: ${batch.text(batch.starts[row]!, batch.ends[row]!)}`)
  }
}

function measureJson(name: string, line: () => string): void {
  const arena = new Arena()
  const chunk = chunkOf(line, arena.chunkBytes)
  const batch = batchOf(chunk, arena, true)
  arena.index(batch)
  const rows = arena.lines.count
  console.log(`${name}: ${Math.round(chunk.length / rows)} bytes a line`)
  measure('  index, kernel', chunk.length, rows, () => arena.index(batch))
  const other = batchOf(chunk, arena, false)
  const otherArena = new Arena()
  measure('  index, JavaScript', chunk.length, rows, () => otherArena.index(other))
  arena.index(batch)
  const scanner = new JsonScanner(new Keys(), new Set(['service']))
  measure('  rows', chunk.length, rows, () => addRows(batch, arena))
  measure('  json scan', chunk.length, rows, () => scanAll(batch, scanner))
  measure('  index, rows and json scan', chunk.length, rows, () => {
    arena.index(batch)
    addRows(batch, arena)
    scanAll(batch, scanner)
  })
}

function measureText(): void {
  const chunk = chunkOf(w1Line, 131072)
  const into = Buffer.alloc(chunk.length * 6)
  const lines = chunk.length / 260
  console.log('text')
  for (const length of [4, 8, 12, 16, 24, 32, 64, 128, 200]) {
    const spans = Math.floor(chunk.length / length)
    measure(`  copy ${length}`, spans * length, spans, () => {
      let at = 0
      for (let i = 0; i < spans; i++) at = copyBytes(chunk, i * length, i * length + length, into, at)
    })
  }
  measure('  escape, quotes and all', chunk.length, lines, () => {
    for (let i = 0; i < chunk.length; i += 260) writeEscaped(chunk, i, Math.min(i + 260, chunk.length), into, 0)
  })
  const clean = Buffer.from(chunk.latin1Slice(0, chunk.length).replaceAll(/["\n]/g, 'x'))
  measure('  escape, nothing to', clean.length, lines, () => {
    for (let i = 0; i < clean.length; i += 260) writeEscaped(clean, i, Math.min(i + 260, clean.length), into, 0)
  })
  const chinese = Buffer.from('订单服务在等待上游回复时超时并重试了三次'.repeat(2000))
  measure('  escape, Chinese', chinese.length, chinese.length / 261, () => {
    for (let i = 0; i < chinese.length; i += 261) writeEscaped(chinese, i, Math.min(i + 261, chinese.length), into, 0)
  })
}

function richLine(): string {
  return JSON.stringify({
    '@timestamp': new Date(1_790_000_000_000 + random(86_400_000)).toISOString(),
    log: { level: levels[random(levels.length)]! },
    service: { name: services[random(services.length)]!, version: '1.2.3' },
    message: `said "no" to ${words[random(words.length)]!}\n`,
    tags: ['a', 'b'],
    labels: { region: 'eu', attempt: random(9), deep: { ok: true, ratio: 0.25 } },
    ...(random(2) === 0 ? { duration_ms: random(9999) } : {}),
    trace: { id: hex(32) }
  })
}

measureJson('W1', w1Line)
measureJson('W1 with some Chinese', () => w1Line().replace('order', '订单服务'))
measureJson('W1 with blanks', () => w1Line().replaceAll('":"', '": "').replaceAll('","', '", "'))
measureJson('nested', richLine)
measureText()
