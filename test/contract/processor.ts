import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ProcessorDefinition } from '../../src/config/define.ts'
import { auto } from '../../src/parsers/auto.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench } from '../fakes/rows.ts'
import { testSteps } from './steps.ts'

/** What every processor must keep to, behind the parser `auto`, and its examples. */
export function testProcessor(definition: ProcessorDefinition): void {
  const { name } = definition
  testSteps(`processor ${name}`, context => ({
    parser: auto.create(optionsOf(auto, {}), context),
    processors: [definition.create(optionsOf(definition, {}), context)]
  }))

  test.each(definition.examples)(
    `processor ${name} does what its example says: $title`,
    ({ config, input, output }) => {
      const bench = new Bench()
      const parser = auto.create(optionsOf(auto, {}), bench.context)
      const processors = [definition.create(optionsOf(definition, parse(config)), bench.context)]
      const rows = bench.rows(Buffer.from(input!), { parser, processors })
      expect(rows.map(asObject)).toEqual([output])
    }
  )
}
