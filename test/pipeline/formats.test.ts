import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Stage } from './stage.ts'

const java = (second: number, message: string): string =>
  `2026-11-22 10:00:0${second},123 [main] WARN  com.example.Pool - ${message}\n`
const trace = 'java.io.IOException: no\n\tat com.example.Pool.take(Pool.java:7)\n'
const access = '203.0.113.7 - - [22/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" "curl/8"\n'

function documents(stage: Stage): Record<string, unknown>[] {
  return stage.server.documents().map(({ source }) => JSON.parse(source) as Record<string, unknown>)
}

test('formats are recognised from the first row on, said once, and kept over restarts', async () => {
  const stage = await Stage.create()
  stage.write(`Starting\n${java(0, 'one')}${trace}${java(1, 'two')}`, 'java.log')
  stage.write(access, 'access.log')
  stage.write('words only\n', 'text.log')
  const wanted = { input: 'multiline: auto' }
  const first = await stage.start(wanted)
  await first.settled(5)
  const formatsIn = (run: typeof first): unknown =>
    Object.fromEntries(
      run.shard.status().inputs[0]!.sources.map(({ name, format }) => [name.split('/').at(-1), format])
    )
  const formats = { 'java.log': 'java', 'access.log': 'access', 'text.log': undefined }
  expect(formatsIn(first)).toEqual(formats)
  const said = ['access', 'java'].map(format => ({ path: join(stage.folder, `${format}.log`), format }))
  const told = stage.told.filter(([message]) => message === 'The format is recognised').map(([, fields]) => fields)
  expect(told).toHaveLength(2)
  expect(told).toEqual(expect.arrayContaining(said))
  const [start, one, two] = documents(stage).filter(document => JSON.stringify(document).includes('java.log'))
  expect(start).toMatchObject({ message: 'Starting' })
  expect(one).toMatchObject({ 'log.logger': 'com.example.Pool', message: `one\n${trace.trimEnd()}` })
  expect(two).toMatchObject({ '@timestamp': '2026-11-22T10:00:01.123Z', 'log.level': 'warn', message: 'two' })
  await first.stop()
  const before = documents(stage)

  stage.forgetCursors()
  const again = await stage.start(wanted)
  await again.settled(5)
  expect(formatsIn(again)).toEqual(formats)
  expect(documents(stage)).toEqual(before)
  expect(stage.told.filter(([message]) => message === 'The format is recognised')).toHaveLength(2)
  stage.write(java(2, 'three'), 'java.log')
  await again.settled(6)
  expect(documents(stage).at(-1)).toMatchObject({ 'log.logger': 'com.example.Pool', message: 'three' })
})
