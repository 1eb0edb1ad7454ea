import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { execute, root } from '../cli/command.ts'
import { FakeElasticsearch } from '../fakes/elasticsearch.ts'
import { tempFolder } from '../fakes/folder.ts'

// There is no container engine where these run: they look at what one would be told, and run what it would run.

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const pinned = /^[a-z][a-z0-9./-]+:v?\d+\.\d+\.\d+(?:-[a-z-]+)?$/

/** Instructions of the Dockerfile, by their words. */
const instructions = textOf('Dockerfile')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter(line => /^[A-Z]+ /.test(line))
  .map(line => line.split(/\s+/))

/** The last one of a kind, and its list of words. */
function listOf(kind: string): string[] {
  const words = instructions.findLast(([word]) => word === kind)!.join(' ')
  return JSON.parse(words.slice(words.indexOf('['))) as string[]
}

describe('the image', () => {
  it('is built from a base of one version, that of the tests', () => {
    const bases = instructions.filter(([word]) => word === 'FROM').map(([, image]) => image!)
    const { devDependencies } = JSON.parse(textOf('package.json')) as { devDependencies: Record<string, string> }
    expect(bases).toEqual([expect.stringMatching(pinned), 'scratch'])
    expect(bases[0]).toContain(`node:${devDependencies['node']}-`)
  })

  it('copies files that are there, and sent to the engine', () => {
    const sent = textOf('.dockerignore').split('\n')
    const copied = instructions.flatMap(([word, ...paths]) =>
      word === 'COPY' && !paths[0]!.startsWith('--from=') ? paths.slice(0, -1) : []
    )
    expect(copied).toContain('src')
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true)
      expect(sent).toContain(`!${path}`)
    }
  })

  it('has a user of its own, who owns the state', () => {
    const [, user] = instructions.findLast(([word]) => word === 'USER')!
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    const [uid, gid] = user!.split(':')
    const [, volume] = instructions.find(([word]) => word === 'VOLUME')!
    expect(textOf('Dockerfile')).toContain(`-o ${uid} -g ${gid} /image${volume}`)
  })

  it('ships the logs of its machine as variables say, is healthy meanwhile, and ends at a signal', async () => {
    const folder = tempFolder()
    const logs = join(folder, 'log')
    mkdirSync(join(logs, 'nginx'), { recursive: true })
    writeFileSync(join(logs, 'mcp-agent.log'), '{"message":"of the agent"}\n')
    writeFileSync(join(logs, 'nginx', 'a.log'), 'of nginx\n')
    const store = await FakeElasticsearch.start()
    onTestFinished(() => store.stop())
    const env = {
      LOG_DIR: logs,
      XDG_STATE_HOME: folder,
      ELASTICSEARCH_URL: store.url,
      SERVER_LISTEN: '127.0.0.1:0',
      METRICS_LISTEN: '127.0.0.1:0'
    }
    const [, program] = listOf('ENTRYPOINT')
    const words = [program!, ...listOf('CMD')]
    const child = spawn(process.execPath, words, { cwd: root, env: { ...process.env, ...env }, stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const messages = (): unknown[] => [...store.store.documents()].map(({ source }) => JSON.parse(source).message)
    await expect.poll(messages, { timeout: 60_000 }).toEqual(expect.arrayContaining(['of the agent', 'of nginx']))
    const [, ...health] = listOf('HEALTHCHECK')
    const isHealthy = (): ReturnType<typeof execute> =>
      execute(process.execPath, [join(root, program!), ...health.slice(1)], env)
    expect(await isHealthy()).toMatchObject({ code: 0 })
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(await isHealthy()).toMatchObject({ code: 1 })
  }, 120_000)
})

interface Service {
  readonly image: string
  readonly build?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly healthcheck?: { readonly disable?: true; readonly interval?: string }
  readonly environment?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
}

describe('docker-compose.yml', () => {
  const file = parse(textOf('docker-compose.yml'), { merge: true }) as {
    services: Record<string, Service>
    volumes: Record<string, null>
  }
  const services = Object.entries(file.services)

  it('has the form of Compose files', () => {
    // its durations are those of Go, and not of the format that the schema says
    const text = textOf('test/image/compose-spec.json').replaceAll(/, "format": "duration"/g, '')
    const { $schema: _, ...definition } = JSON.parse(text) as Record<string, unknown>
    const schema = z.fromJSONSchema(definition, { defaultTarget: 'draft-7' })
    expect(schema.safeParse(file).error?.issues).toBeUndefined()
    expect(schema.safeParse({ services: { a: { imag: 'a' } } }).success).toBe(false)
  })

  it.each(services)('%s is of one version, and reached from this machine alone', (_, { image, ports = [] }) => {
    expect(image).toMatch(pinned)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  it('builds the version that there is', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string }
    const built = services.filter(([, { build }]) => build !== undefined).map(([, { image }]) => image)
    expect(new Set(built)).toEqual(new Set([`mcp-collector:${version}`]))
  })

  it.each(services)('%s has the files, volumes and services that it names', (_, { volumes = [], depends_on = {} }) => {
    for (const volume of volumes) {
      const [source] = volume.split(':')
      if (source!.startsWith('.')) expect(existsSync(join(root, source!)), source).toBe(true)
      else expect(file.volumes).toHaveProperty(source!)
    }
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const { healthcheck } = file.services[name]!
      if (condition === 'service_healthy') expect(healthcheck?.interval, name).toMatch(/^\d+s$/)
    }
  })

  it('gives the collector a configuration without mistakes', async () => {
    const { command = [], environment = {} } = file.services['collector']!
    const [verb, ...files] = command
    expect(verb).toBe('run')
    const paths = files.map(path => join(root, path.startsWith('/') ? join('compose', basename(path)) : path))
    const loaded = await loadConfig(paths, { env: environment, components })
    expect(loaded).toHaveProperty('config')
    const { config } = loaded as Extract<typeof loaded, { config: unknown }>
    expect(config.metrics?.listen).toMatchObject({ port: 9681 })
    // services are addressed by their names
    const urls = JSON.stringify([config.outputs, config.rules?.alertmanagers]).match(/http:\/\/[a-z]+/g)
    for (const url of urls!) expect(file.services).toHaveProperty(url.slice('http://'.length))
  })
})
