import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ParserDefinition } from '../../src/config/define.ts'
import type { StepContext } from '../../src/core/steps.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench, type Steps } from '../fakes/rows.ts'
import { checked, testSteps } from './steps.ts'

/** What every parser must keep to, and its examples. */
export function testParser(definition: ParserDefinition): void {
  const { name, examples } = definition
  const options = optionsOf(definition, parse(examples[0]!.config))
  const create = (context: StepContext): Steps => ({ parser: definition.create(options, context), processors: [] })
  testSteps(`parser ${name}`, create)
  const inputs = examples.map(({ input }) => input!)

  test(`parser ${name} takes rows that are nearly its own`, () => {
    const bench = new Bench()
    const steps = checked(create(bench.context))
    const changed = fc.tuple(
      fc.constantFrom(...inputs),
      fc.nat(),
      fc.nat(40),
      fc.constantFrom(...inputs, '', '"', ' ', '\\')
    )
    const row = changed.map(([text, at, length, piece]) => {
      const from = at % (text.length + 1)
      return text.slice(0, from) + piece + text.slice(from + length)
    })
    const bytes = fc.array(row, { maxLength: 6 }).map(rows => Buffer.from(`${rows.join('\n')}\n`))
    fc.assert(
      fc.property(bytes, all => void bench.rows(all, steps)),
      { numRuns: 500 }
    )
  })

  test(`parser ${name} takes no time for long rows of its own`, () => {
    const bench = new Bench()
    const steps = create(bench.context)
    const input = inputs[0]!
    for (const at of [input.length >> 1, input.length]) {
      const middle = input
        .slice(at >> 1, at + 1)
        .repeat(1 << 20)
        .slice(0, 1 << 18)
      const started = process.cpuUsage()
      expect(bench.rows(Buffer.from(`${input.slice(0, at)}${middle}${input.slice(at)}\n`), steps)).toHaveLength(1)
      expect(process.cpuUsage(started).user).toBeLessThan(2_000_000)
    }
  })

  test.each(examples)(`parser ${name} does what its example says: $title`, ({ config, input, output }) => {
    const bench = new Bench()
    const parser = definition.create(optionsOf(definition, parse(config)), bench.context)
    const rows = bench.rows(Buffer.from(input!), { parser, processors: [] })
    expect(rows.map(asObject)).toEqual([output])
  })
}
