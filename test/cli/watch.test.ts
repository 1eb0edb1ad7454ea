import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { load } from '../../src/cli/configuration.ts'
import { Watch } from '../../src/cli/watch.ts'
import { planChanges } from '../../src/pipeline/changes.ts'
import { type Plan, planOf } from '../../src/pipeline/plan.ts'
import { Authority } from '../e2e/certificates.ts'
import { tempFolder } from '../fakes/folder.ts'

const longMs = 60_000
/** Long enough for several looks. */
const quietMs = 600
const lookMs = 150

/** A watch on some files, which reads them whenever they change. */
function stage(...names: string[]) {
  const folder = tempFolder()
  const paths = names.map(name => join(folder, name))
  const watch = new Watch(lookMs)
  let changes = 0
  const read = (): void => {
    watch.clear()
    for (const path of paths) watch.reading(path)
  }
  onTestFinished(() => watch.stop())
  return {
    folder,
    write: (name: string, text: string) => writeFileSync(join(folder, name), text),
    start: () => {
      read()
      watch.start(() => {
        changes++
        read()
        return Promise.resolve()
      })
    },
    watch,
    changes: async (expected: number): Promise<void> => {
      for (const end = performance.now() + longMs; changes < expected && performance.now() < end; ) await delay(20)
      await delay(quietMs)
      expect(changes).toBe(expected)
    }
  }
}

describe('watch', () => {
  test('notices a file that is written to, once', async () => {
    const { write, start, changes } = stage('a.yaml', 'b.yaml')
    write('a.yaml', 'one')
    write('b.yaml', 'one')
    start()
    await changes(0)
    write('b.yaml', 'two')
    await changes(1)
  })

  test('waits until a file that grows is at rest', async () => {
    const { write, start, changes } = stage('a.yaml')
    write('a.yaml', '')
    start()
    for (let i = 0; i < 12; i++) {
      write('a.yaml', 'x'.repeat(i + 1))
      await delay(40)
    }
    await changes(1)
  })

  test('notices a file that is replaced under its name', async () => {
    const { folder, write, start, changes } = stage('a.yaml')
    write('a.yaml', 'one')
    start()
    write('new', 'two')
    renameSync(join(folder, 'new'), join(folder, 'a.yaml'))
    await changes(1)
  })

  test('notices that a link leads elsewhere, as volumes of Kubernetes do', async () => {
    const { folder, write, start, changes } = stage('a.yaml')
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder, version))
      write(`${version}/a.yaml`, 'same')
    }
    symlinkSync('v1', join(folder, '..data'))
    symlinkSync('..data/a.yaml', join(folder, 'a.yaml'))
    start()
    symlinkSync('v2', join(folder, '..next'))
    renameSync(join(folder, '..next'), join(folder, '..data'))
    rmSync(join(folder, 'v1'), { recursive: true })
    await changes(1)
  })

  test('notices that a file is gone, back, and may be read', async () => {
    const { folder, write, start, changes } = stage('a.yaml')
    write('a.yaml', 'one')
    start()
    rmSync(join(folder, 'a.yaml'))
    await changes(1)
    write('a.yaml', 'one')
    await changes(2)
    chmodSync(join(folder, 'a.yaml'), 0o600)
    await changes(3)
  })

  test('does not tell of what was read meanwhile', async () => {
    const { folder, write, start, watch, changes } = stage('a.yaml')
    write('a.yaml', 'one')
    start()
    write('a.yaml', 'two')
    watch.reading(join(folder, 'a.yaml'))
    await changes(0)
  })

  test('covers the files that a configuration names by ${file:…}', async () => {
    const { folder, write, watch, changes } = stage()
    write('token', 'one')
    const config = 'version: 1\ninputs: { a: { type: file, paths: [a.log] } }\noutputs: { o: { type: "null" } }\n'
    write('a.yaml', `${config}server: { token: "\${file:token}" }\n`)
    const source = { files: [join(folder, 'a.yaml')], overrides: {}, env: {}, watch }
    expect(await load(source)).toHaveProperty('config')
    const tokens: unknown[] = []
    watch.start(async () => {
      const loaded = await load(source)
      if ('config' in loaded) tokens.push(loaded.config.server.token)
    })
    write('token', 'two')
    for (const end = performance.now() + longMs; tokens.length === 0 && performance.now() < end; ) await delay(20)
    await changes(0)
    expect(tokens).toEqual(['two'])
  })

  test('covers the files that options name: another certificate makes another output', async () => {
    const { folder, write, watch } = stage()
    write('ca.pem', new Authority('One').cert)
    const es = 'es: { type: elasticsearch, endpoints: ["https://es:9200"], tls: { ca_file: ca.pem } }'
    write(
      'a.yaml',
      `version: 1\ninputs: { a: { type: file, paths: [a.log] } }\noutputs: { ${es}, o: { type: "null" } }\n`
    )
    const source = { files: [join(folder, 'a.yaml')], overrides: {}, env: {}, watch }
    const loadPlan = async (): Promise<Plan> => {
      const loaded = await load(source)
      if ('config' in loaded) return planOf(loaded.config)
      throw new Error(JSON.stringify(loaded.problems))
    }
    const before = await loadPlan()
    const changed = new Promise<void>(resolve => watch.start(() => Promise.resolve(resolve())))
    write('ca.pem', new Authority('Two').cert)
    await changed
    expect(planChanges(before, await loadPlan()).outputs).toEqual({ added: [], changed: ['default/es'], removed: [] })
  })
})
