import { defineParser } from '../config/define.ts'
import { JsonScanner } from '../scan/json.ts'
import { refuse } from './refuse.ts'

/** Objects whose members `normalize` and the schemas look for by dotted names. */
export const descended: readonly string[] = ['service', 'log', 'trace', 'span', 'agent', 'dd', 'error', 'event']
export const aboutDescend =
  'Objects to take apart: their members become fields of their own, with dotted names (`service.name`). Other objects stay whole.'

/** Reads rows that are JSON objects, strictly. */
export const json = defineParser({
  name: 'json',
  summary: 'Reads rows that are JSON objects.',
  options: types => ({
    descend: types.list(aboutDescend, types.text('Key of the row.')).default([...descended])
  }),
  examples: [
    {
      title: 'One row',
      config: '{}',
      input: '{"level":"info","service":{"name":"billing"},"msg":"said \\"no\\"","took_ms":12.5,"tags":["a"]}',
      output: { level: 'info', 'service.name': 'billing', msg: 'said "no"', took_ms: 12.5, tags: ['a'] }
    },
    {
      title: 'Another object taken apart',
      config: 'descend: [http]',
      input: '{"http":{"status":200},"service":{"name":"billing"}}',
      output: { 'http.status': 200, service: { name: 'billing' } }
    },
    {
      title: 'A row that is no JSON object stays text',
      config: '{}',
      input: 'Starting on port 8080',
      output: { 'error.type': 'json' }
    }
  ],
  create({ descend }, { keys }) {
    const scanner = new JsonScanner(keys, new Set(descend))
    return {
      parse(batch, from = 0) {
        scanner.open(batch)
        for (let row = scanner.pass(batch, from); row < batch.rows; row = scanner.pass(batch, row + 1)) {
          const error = scanner.scan(batch, row)
          if (error !== 0) refuse(batch, row, error)
        }
      }
    }
  }
})
