import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { components } from '../../src/components.ts'
import type { ComponentRegistry } from '../../src/config/define.ts'
import { jsonSchema } from '../../src/config/json-schema.ts'
import { type Reference, reference } from '../../src/config/reference.ts'
import { pageMarkdown } from '../../src/config/reference-page.ts'
import { ends, lossReasons } from '../../src/core/outcome.ts'
import { loadComponents } from '../../src/config/used.ts'
import { checkOptions } from '../../src/config/examples.ts'
import { registry } from './registry.ts'

async function textOf(from: ComponentRegistry, name?: string): Promise<string> {
  const answer = await reference(from, name)
  return 'text' in answer ? answer.text : ''
}

describe('reference', () => {
  it('config tells type, default and meaning of each option', async () => {
    const text = await textOf(registry, 'elasticsearch')
    expect(text).toContain('  endpoints: list of url, required\n      Nodes.')
    expect(text).toContain('  schema: ecs | flat | otel, default ecs')
    expect(text).toContain('  timeout: duration, default 1m')
    expect(text).toContain('    ca_file: file, optional')
    expect(text).toContain('  Example: One node\n    endpoints: ["http://127.0.0.1:9200"]')
  })

  it('config suggests a name for one it does not know', async () => {
    expect(await reference(registry, 'elastic')).toMatchObject({ unknown: 'elastic', meant: 'elasticsearch' })
    const { unknown, meant, known } = (await reference(registry, 'nope')) as Extract<Reference, { unknown: string }>
    expect([unknown, meant]).toEqual(['nope', undefined])
    expect(known).toEqual(expect.arrayContaining(['config', 'delivery', 'file', 'elasticsearch']))
  })

  it('config tells what every number of a ledger means, and the reasons for losses', async () => {
    const text = await textOf(registry, 'ledger')
    for (const name of [...ends, ...lossReasons, 'read', 'derived', 'pending']) {
      expect(text).toMatch(new RegExp(`^ +${name}: [a-z].*[^.]$`, 'm'))
    }
  })

  it('config is a table in Markdown', async () => {
    const answer = await reference(registry, 'elasticsearch', pageMarkdown)
    const text = 'text' in answer ? answer.text : ''
    expect(text).toContain('## output elasticsearch\n')
    expect(text).toContain('\n| `endpoints` | list of url | required | Nodes. |\n')
    expect(text).toContain('\n| `schema` | ecs \\| flat \\| otel | default ecs |')
    expect(text).toMatch(/\n\| `tls\.ca_file` \| file \| optional \| .* \|\n/)
    expect(text).toContain('\n```text\nAlso all options of "delivery".\n\nExample: One node\n')
  })

  it('config describes every option of every real component', async () => {
    const text = await textOf(components)
    expect(text).not.toMatch(/\n {4,}\n/)
    expect(text).not.toContain('[object Object]')
  })
})

describe('examples', async () => {
  for (const source of [registry, components]) {
    const { inputs, parsers, processors, outputs } = await loadComponents(source)
    for (const definition of [...inputs, ...parsers, ...processors, ...outputs]) {
      for (const { title, config } of definition.examples) {
        it(`${definition.kind} ${definition.name} takes its example: ${title}`, async () => {
          expect(await checkOptions(definition, config, source)).toEqual([])
        })
      }
    }
  }
})

describe('JSON schema', () => {
  it('config has one for editors, in snake_case', async () => {
    const schema = JSON.parse(JSON.stringify(await jsonSchema(registry)))
    expect(schema.required).toEqual(['version', 'inputs', 'outputs'])
    const file = schema.properties.inputs.additionalProperties.oneOf[0]
    expect(file.required).toEqual(['type', 'paths'])
    expect(file.properties.max_line_bytes).toMatchObject({
      type: ['string', 'integer'],
      description: 'Longer lines are cut.'
    })
    expect(file.properties.parser.oneOf[0]).toEqual({ type: 'string', enum: ['auto', 'json', 'logfmt', 'raw'] })
    expect(schema.properties.server.properties.listen.default).toBe('127.0.0.1:9680')
    expect(JSON.stringify(schema)).not.toMatch(/"(?:maxLineBytes|caFile|stateDir|deadLetters)"/)
  })

  it('config keeps it readable for the real components', async () => {
    expect(parse(JSON.stringify(await jsonSchema(components)))).toHaveProperty('properties.outputs')
  })
})
