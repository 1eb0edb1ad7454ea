import { createPrivateKey } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { loadConfig } from '../../src/config/load.ts'
import { ElasticsearchOutput, type ElasticsearchOptions } from '../../src/outputs/elasticsearch/index.ts'
import { Authority } from '../e2e/certificates.ts'
import { tempFolder } from '../fakes/folder.ts'
import { newContext } from './context.ts'

const authority = new Authority('Test CA')
const identity = authority.issue('agent')
const locked = createPrivateKey(identity.key).export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'secret'
})

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
    writeFileSync(path, authority.cert)
    const options = await optionsOf(folder, 'endpoints: ["https://es:9200"], tls: { ca_file: certs/ca.pem }')
    expect(options.tls).toMatchObject({ caFile: path, certFile: '' })
    rmSync(path)
    const create = (): unknown => new ElasticsearchOutput(options, newContext(new Map()))
    expect(create).toThrow(`Cannot read "${path}", the "ca_file" in "tls": ENOENT`)
  })

  it.each([
    ['ca_file', 'not a certificate', 'it holds no certificate: expected "-----BEGIN CERTIFICATE-----"'],
    ['ca_file', '', 'it holds no certificate: expected "-----BEGIN CERTIFICATE-----"'],
    [
      'ca_file',
      `${authority.cert}${authority.cert.replace(/\n.{8}/, '\nAAAAAAAA')}`,
      'its certificate 2 of 2 can not be read'
    ],
    ['cert_file', identity.key, 'it holds no certificate: expected "-----BEGIN CERTIFICATE-----"'],
    ['key_file', identity.cert, 'it holds no private key in PEM form'],
    ['key_file', locked, 'its key has a passphrase: store it without one']
  ])('are refused where %s is none', async (option, content, reason) => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'a.pem'), content)
    const result = await loaded(folder, `endpoints: ["https://es:9200"], tls: { ${option}: a.pem }`)
    const place = `${join(folder, 'es.yaml')}:3:${80 + option.length}`
    expect('problems' in result ? result.problems.map(formatProblem) : []).toEqual([
      `${place}: Cannot use "a.pem" for "${option}": ${reason}`
    ])
  })

  it('take certificates and keys for what they are', async () => {
    const folder = tempFolder()
    for (const [name, text] of Object.entries({ ca: `# comment\n${authority.cert}${authority.cert}`, ...identity })) {
      writeFileSync(join(folder, `${name}.pem`), text)
    }
    const tls = 'tls: { ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem }'
    expect(await optionsOf(folder, `endpoints: ["https://es:9200"], ${tls}`)).toMatchObject({ schema: 'ecs' })
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
