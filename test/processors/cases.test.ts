import { join } from 'node:path'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { testCases } from '../fakes/cases.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench } from '../fakes/rows.ts'

testCases(join(import.meta.dirname, 'cases'), ({ input_service: service, ...options }, input) => {
  const bench = new Bench(typeof service === 'string' ? service : '')
  const parser = auto.create(optionsOf(auto, {}), bench.context)
  const processors = [normalize.create(optionsOf(normalize, options), bench.context)]
  const rows = bench.rows(input, { parser, processors })
  return rows
    .map(row => {
      asObject(row)
      const lines = row.columns.map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
      return [...lines, ...row.attributes.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)].join('\n')
    })
    .join('\n\n')
})
