import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { silentLog } from '../../src/core/log.ts'
import type { MetricName, Sample } from '../../src/core/metrics.ts'
import type { Collector } from '../../src/pipeline/collector.ts'
import { Retired } from '../../src/pipeline/retired.ts'
import { openCollector } from '../../src/pipeline/run.ts'
import { tempFolder } from '../fakes/folder.ts'

const one = '  a: { type: file, paths: [a.log] }\n'
const two = `${one}  b: { type: file, paths: [b.log], shard: own }\n`

/** A collector with two inputs, of which the second has a thread of its own and can be removed. */
async function stage(): Promise<{ collector: Collector; removeSecond: () => Promise<void> }> {
  const folder = tempFolder()
  const path = join(folder, 'config.yaml')
  const write = (inputs: string): void => {
    const outputs = 'outputs: { none: { type: "null" } }\n'
    writeFileSync(path, `version: 1\ncollector: { state_dir: state }\ninputs:\n${inputs}${outputs}`)
  }
  const load = () => loadConfig([path], { env: {}, components })
  write(two)
  for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.log`), 'line\n'.repeat(10))
  const loaded = await load()
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  const collector = await openCollector(loaded.config, { log: silentLog, version: 'test', load, adopt: async () => {} })
  onTestFinished(() => collector.stop().then(() => undefined))
  collector.start()
  const removeSecond = async (): Promise<void> => {
    write(one)
    expect(await collector.reload('test')).toMatchObject({ result: 'changed' })
  }
  return { collector, removeSecond }
}

function isDelivered({ name, labels }: Sample): boolean {
  return name === 'collector_rows_total' && labels.join() === 'default/none,delivered'
}

function sample(name: MetricName, ...labels: string[]): Sample {
  return { name, labels, value: 2 }
}

test('whoever asks while a thread ends is told its counts once', async () => {
  const { collector, removeSecond } = await stage()
  const delivered = async (): Promise<number> => {
    const samples = await collector.samples()
    return samples.find(isDelivered)?.value ?? 0
  }
  while ((await delivered()) < 20) await delay(20)
  let isOver = false
  const removed = removeSecond().finally(() => (isOver = true))
  const told: Promise<number>[] = []
  while (!isOver) {
    told.push(delivered())
    await turn()
  }
  await removed
  expect(new Set(await Promise.all(told))).toEqual(new Set([20]))
  expect(await delivered()).toBe(20)
})

test('of threads that have ended all counts stay, but for those of the thread, and none of what was then', () => {
  const retired = new Retired()
  const kept = [
    sample('collector_step_failed_rows_total', 'default', 'convert'),
    sample('collector_rows_total', 'default/es', 'delivered')
  ]
  retired.take([
    ...kept,
    sample('collector_shard_turn_seconds_total', '1'),
    sample('collector_step_keys', 'default', 'x')
  ])
  expect(retired.samples()).toEqual(kept)
  retired.take(kept)
  expect(retired.samples().map(({ value }) => value)).toEqual([4, 4])
  retired.forget('output', 'default/es')
  expect(retired.samples().map(({ name }) => name)).toEqual(['collector_step_failed_rows_total'])
})
