import { join } from 'node:path'
import type { ParserDefinition } from '../../src/config/define.ts'
import { components } from '../../src/components.ts'
import { testCases } from '../fakes/cases.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { asObject, Bench } from '../fakes/rows.ts'

const parsers: Record<string, ParserDefinition> = {}
for (const [name, load] of Object.entries(components.parsers)) parsers[name] = await load()

testCases(join(import.meta.dirname, 'cases'), ({ use, chosen, ...options }, input) => {
  const bench = new Bench()
  if (typeof chosen === 'string') bench.parser = chosen
  const definition = parsers[String(use)]!
  const parser = definition.create(optionsOf(definition, options), bench.context)
  const rows = bench.rows(input, { parser, processors: [] })
  const lines = rows.map(row => JSON.stringify(asObject(row)))
  if (bench.parser !== undefined) lines.push(`chosen: ${bench.parser}`)
  return lines.join('\n')
})
