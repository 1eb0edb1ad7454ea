import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ElasticsearchOutput, type ElasticsearchOptions } from '../../src/outputs/elasticsearch/index.ts'
import { tempFolder } from '../fakes/folder.ts'
import { newContext } from './context.ts'

async function loaded(folder: string, options: string): Promise<ReturnType<typeof loadConfig>> {
  const path = join(folder, 'es.yaml')
  const inputs = 'inputs: { a: { type: file, paths: [/var/log/a.log] } }'
  writeFileSync(path, `version: 1\n${inputs}\noutputs: { es: { type: elasticsearch, ${options} } }\n`)
  return loadConfig([path], { env: {}, components })
}

async function optionsOf(folder: string, options: string): Promise<ElasticsearchOptions> {
  const result = await loaded(folder, options)
  if ('problems' in result) throw new Error(result.problems.map(formatProblem).join())
  return result.config.outputs[0]!.options as unknown as ElasticsearchOptions
}

describe('elasticsearch options', () => {
  it.each([
    ['endpoints: []', 'endpoints'],
    ['endpoints: ["es:9200"]', 'expected a URL'],
    ['endpoints: ["http://es:9200"], api_key: ""', 'api_key']
  ])('refuse %s', async (options, message) => {
    const result = await loaded(tempFolder(), options)
    expect('problems' in result ? result.problems.map(formatProblem).join() : '').toContain(message)
  })

  it('may have an empty key from outside, which is none', async () => {
    const options = 'endpoints: ["http://es:9200"], api_key: "${KEY:-}"'
    expect(await optionsOf(tempFolder(), options)).toMatchObject({ apiKey: '', password: '' })
  })

  it('name files of TLS relative to themselves', async () => {
    const folder = tempFolder()
    const path = join(folder, 'certs', 'ca.pem')
    mkdirSync(join(folder, 'certs'))
    writeFileSync(path, '')
    const options = await optionsOf(folder, 'endpoints: ["https://es:9200"], tls: { ca_file: certs/ca.pem }')
    expect(options.tls).toMatchObject({ caFile: path, certFile: '' })
    rmSync(path)
    const create = (): unknown => new ElasticsearchOutput(options, newContext(new Map()))
    expect(create).toThrow(`Cannot read "${path}", the "ca_file" in "tls": ENOENT`)
  })

  it.each(['ca_file', 'cert_file', 'key_file'])('are refused where %s can not be read', async option => {
    const folder = tempFolder()
    const result = await loaded(folder, `endpoints: ["https://es:9200"], tls: { ${option}: none.pem }`)
    const place = `${join(folder, 'es.yaml')}:3:${80 + option.length}`
    expect('problems' in result ? result.problems.map(formatProblem) : []).toEqual([
      `${place}: Cannot use "none.pem" for "${option}": no such file`
    ])
  })
})
