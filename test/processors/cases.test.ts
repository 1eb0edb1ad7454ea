import { join } from 'node:path'
import { components } from '../../src/components.ts'
import type { ProcessorDefinition } from '../../src/config/define.ts'
import { auto } from '../../src/parsers/auto.ts'
import { familiesText } from '../../src/server/families.ts'
import { testCases } from '../fakes/cases.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { stepOf } from '../fakes/steps.ts'
import { asObject, Bench } from '../fakes/rows.ts'

const definitions = new Map<string, ProcessorDefinition>()
for (const [name, load] of Object.entries(components.processors)) definitions.set(name, await load())

/** Options are those of `normalize`, besides: the input's service, and the steps behind, as a configuration has them. Of metrics it is shown
 * what they are, not the rows. */
testCases(join(import.meta.dirname, 'cases'), ({ input_service: service, process = [], ...options }, input) => {
  const bench = new Bench(typeof service === 'string' ? service : '')
  const parser = auto.create(optionsOf(auto, {}), bench.context)
  const steps = (process as Record<string, unknown>[]).flatMap(step => Object.entries(step))
  const processors = [['normalize', options] as const, ...steps].map(([name, given]) => {
    const definition = definitions.get(name)!
    return stepOf(definition, given, bench.context)
  })
  const rows = bench.rows(input, { parser, processors })
  const texts = rows.map(row => {
    asObject(row)
    const lines = row.columns.map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    return [...lines, ...row.attributes.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)].join('\n')
  })
  const families = processors.flatMap(step => step.family?.() ?? [])
  // of a step that only counts, the rows say nothing
  return families.length === 0 ? texts.join('\n\n') : familiesText(families, true).trimEnd()
})
