import { expect, test, vi } from 'vitest'
import { components } from '../../src/components.ts'
import { OnePass } from '../../src/scan/regex/one-pass.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench } from '../fakes/rows.ts'

/* By how many layouts there are: the numbers of those that no table can read, which take three times as long and more. */
test.each([
  ['access', 6, []],
  // Kafka and ZooKeeper: where the message, or the thread, ends is known from what comes behind
  ['java', 8, [5, 6]],
  ['klog', 2, []],
  // pgBadger's where a part is missing: names of databases may have a blank in them
  ['postgres', 8, [3, 7]],
  ['python', 10, []],
  ['redis', 1, []],
  ['syslog', 4, []]
] as const)('layouts of %s are read by tables', async (name, count, others) => {
  const compiled = vi.spyOn(OnePass, 'of')
  try {
    const definition = await components.parsers[name]()
    definition.create(optionsOf(definition, {}), new Bench().context)
    const { results } = compiled.mock
    expect(results).toHaveLength(count)
    expect(results.flatMap(({ value }, number) => (value === undefined ? [number] : []))).toEqual(others)
  } finally {
    compiled.mockRestore()
  }
})
