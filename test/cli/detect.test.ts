import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { tempFolder } from '../fakes/folder.ts'
import { command } from './command.ts'

/** Lines of the cases of a parser, without those that it does not know. */
function linesOf(parser: string): string {
  const text = readFileSync(join(import.meta.dirname, `../parsers/cases/${parser}.case`), 'utf8')
  const known = text.split('=== other lines stay text')[0]!.matchAll(/--- input\n([^]*?)\n--- expect/g)
  return [...known].map(([, lines]) => `${lines}\n`).join('')
}

function file(content: string | Uint8Array, name = 'app.log'): string {
  const path = join(tempFolder(), name)
  writeFileSync(path, content)
  return path
}

async function found(...paths: string[]): Promise<Record<string, unknown>[]> {
  const { code, out } = await command(['detect', '--json', ...paths])
  expect(code).toBe(0)
  return out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}

test('detects the formats that there are parsers for', async () => {
  const parsers = ['access', 'syslog', 'klog', 'postgres', 'redis', 'java', 'python']
  const all = await found(...parsers.map(parser => file(linesOf(parser))))
  expect(all.map(({ format }) => format)).toEqual(parsers)
  for (const { format, confidence } of all) expect(confidence, String(format)).toBeGreaterThan(0.8)
})

const pino = '{"level":30,"time":1795341600123,"pid":1,"hostname":"h","msg":"a"}\n'
const writers: Readonly<Record<string, string>> = {
  Pino: pino,
  Bunyan: '{"name":"a","hostname":"h","pid":1,"level":30,"msg":"b","time":"2026-11-22T10:00:00.123Z","v":0}\n',
  zap: '{"level":"info","ts":1795341600.123,"caller":"a.go:7","msg":"b"}\n',
  zerolog: '{"level":"warn","time":"2026-11-22T10:00:00Z","message":"b"}\n',
  'logrus or slog': '{"level":"error","msg":"b","time":"2026-11-22T10:00:00Z"}\n',
  Winston: '{"level":"info","message":"b","timestamp":"2026-11-22T10:00:00.123Z"}\n',
  Serilog: '{"@t":"2026-11-22T10:00:00.123Z","@m":"b","@l":"Warning"}\n',
  ECS: '{"@timestamp":"2026-11-22T10:00:00.123Z","log.level":"info","message":"b","ecs.version":"8.11"}\n'
}

test('knows who wrote JSON, with time and level', async () => {
  const all = await found(...Object.values(writers).map(line => file(line.repeat(3))))
  const wanted = { parsers: ['json'], rates: { time: 1, level: 1 } }
  expect(all).toMatchObject(Object.keys(writers).map(writer => ({ writer, ...wanted })))
})

test('rows of several formats are for several parsers', async () => {
  const path = file(`${linesOf('redis').repeat(2)}${pino.repeat(12)}level=info msg="two words"\nwords only\n`)
  expect((await found(path))[0]).toMatchObject({ parsers: ['redis', 'auto'], confidence: expect.closeTo(0.9, 1) })
})

test('says what is no format', async () => {
  const likeSyslog = '2026-11-22T10:00:00Z INFO worker: done\n2026-11-22T10:00:00Z Starting up\n'
  const [text, empty, other] = await found(file('one\ntwo\n'), file(''), file(likeSyslog))
  expect(other).toMatchObject({ format: 'text', rates: { time: 1 } })
  expect(text).toMatchObject({ format: 'text', parsers: ['auto'], rows: 2, rates: { time: 0 } })
  expect(empty).toMatchObject({ format: 'text', parsers: ['auto'], rows: 0 })
})

test('reads what containers wrote, and archives', async () => {
  const cri = '2026-11-22T10:00:00.123456789Z stdout F I1122 10:00:00.123456 1 main.go:7] started\n'
  const many = pino.repeat(9999)
  const all = await found(file(cri), file(gzipSync(many), 'a.log.gz'), file(zstdCompressSync(many), 'a.log.zst'))
  const archive = { writer: 'Pino', confidence: 1 }
  expect(all).toMatchObject([{ containers: true, format: 'klog', rates: { level: 1 } }, archive, archive])
})

test('what it prints can be loaded', async () => {
  const traceback =
    '2026-11-22 10:00:00,123 - a.b - ERROR - no\nTraceback (most recent call last):\n  File "a"\nValueError: no\n'
  const { out } = await command(['detect', file(traceback.repeat(3), '-my app!.log.1')])
  const printed = out.slice(out.indexOf('  inputs:'))
  expect(parse(printed)).toMatchObject({ inputs: { 'my-app-': { parser: 'python', multiline: 'auto' } } })
  const path = file(`version: 1\n${printed.replaceAll(/^ {2}/gm, '')}outputs: { out: { type: stdout } }\n`, 'a.yaml')
  expect(await loadConfig([path], { env: { HOME: '/nonexistent' }, components })).toHaveProperty(
    'config.inputs.0.parsers'
  )
})

test('goes on behind a file that can not be read', async () => {
  const pipe = join(tempFolder(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const { code, out, err } = await command(['detect', '/nonexistent', pipe, file(pino)])
  expect(code).toBe(1)
  expect(err).toContain('Cannot read "/nonexistent"')
  expect(err).toContain(`Cannot read "${pipe}"`)
  expect(out).toContain('json (Pino), 100% of 1 row')
})
