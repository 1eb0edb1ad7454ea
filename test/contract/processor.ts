import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ProcessorDefinition } from '../../src/config/define.ts'
import type { ProcessorContext } from '../../src/core/steps.ts'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { stepOf } from '../fakes/steps.ts'
import { asObject, Bench, type Steps } from '../fakes/rows.ts'
import { testSteps } from './steps.ts'

const byPlace = new Set(['sample', 'throttle', 'dedupe'])

/** What every processor must keep to, behind the parser `auto`, and its examples. */
export function testProcessor(definition: ProcessorDefinition): void {
  const { name } = definition
  const create = (context: ProcessorContext): Steps => stepsFor(definition, definition.examples[0]!.config, context)
  testSteps(`processor ${name}`, create, byPlace.has(name))

  test.each(definition.examples)(
    `processor ${name} does what its example says: $title`,
    ({ config, input, output }) => {
      const bench = new Bench()
      const rows = bench.rows(Buffer.from(input!), stepsFor(definition, config, bench.context))
      expect(rows.map(asObject).filter(row => row['fate'] === undefined)).toEqual(output === undefined ? [] : [output])
    }
  )
}

/** Behind the parser `auto`, and behind `normalize` as in every pipeline. */
function stepsFor(definition: ProcessorDefinition, config: string, context: ProcessorContext): Steps {
  const processor = stepOf(definition, parse(config), context)
  const before = definition.name === normalize.name ? [] : [normalize.create(optionsOf(normalize, {}), context)]
  return { parser: auto.create(optionsOf(auto, {}), context), processors: [...before, processor] }
}
