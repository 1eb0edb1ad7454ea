import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ParserDefinition } from '../../src/config/define.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench } from '../fakes/rows.ts'
import { testSteps } from './steps.ts'

/** What every parser must keep to, and its examples. */
export function testParser(definition: ParserDefinition): void {
  const { name, examples } = definition
  const options = optionsOf(definition, parse(examples[0]!.config))
  testSteps(`parser ${name}`, context => ({
    parser: definition.create(options, context),
    processors: []
  }))

  test.each(examples)(`parser ${name} does what its example says: $title`, ({ config, input, output }) => {
    const bench = new Bench()
    const parser = definition.create(optionsOf(definition, parse(config)), bench.context)
    const rows = bench.rows(Buffer.from(input!), { parser, processors: [] })
    expect(rows.map(asObject)).toEqual([output])
  })
}
