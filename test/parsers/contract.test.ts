import { expect, test } from 'vitest'
import { components } from '../../src/components.ts'
import { testParser } from '../contract/parser.ts'
import { Bench } from '../fakes/rows.ts'

for (const load of Object.values(components.parsers)) testParser(await load())

test('many parameters of a syslog message take no time', async () => {
  const definition = await components.parsers.syslog()
  const bench = new Bench()
  const parser = definition.create({}, bench.context)
  const names = Array.from({ length: 20_000 }, (_, i) => ` n${i}="v"`).join('')
  const started = process.cpuUsage()
  const again = ' n0="v"'.repeat(20_000)
  bench.fill(Buffer.from(`<13>1 2026-11-22T10:00:00Z h a 1 - [id@1${names}][id@1${names}][id@1${again}] m\n`))
  parser.parse(bench.batch)
  expect(process.cpuUsage(started).user).toBeLessThan(1_000_000)
  expect(bench.batch.fields).toBe(60_000 + 7)
})
