import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { components } from '../../src/components.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { tempFolder } from '../fakes/folder.ts'
import { registry } from './registry.ts'

const head = 'version: 1\ninputs: { a: { type: file, paths: [a.log] } }\noutputs: { o: { type: stdout } }\n'
const rule = (name: string, expr = 'sum(rate({a="b"}[1m])) > 0'): string =>
  `groups: [{ name: g, rules: [{ alert: ${name}, expr: '${expr}' }] }]\n`

let folder: string
beforeEach(() => {
  folder = tempFolder()
  mkdirSync(join(folder, 'rules'))
})

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function load(rules: string, onFile?: (path: string) => void) {
  const path = write('config.yaml', `${head}rules: { files: ${rules} }\n`)
  return loadConfig([path], { env: {}, components: registry, ...(onFile && { onFile }) })
}

async function problems(rules: string): Promise<string[]> {
  const loaded = await load(rules)
  return 'config' in loaded ? [] : loaded.problems.map(one => formatProblem(one).replaceAll(`${folder}/`, ''))
}

describe('rule files of a configuration', () => {
  it('are named relative to it, also by patterns, and read once, each told to who watches', async () => {
    const [a, b] = [write('rules/a.yaml', rule('A')), write('rules/b.yaml', rule('B'))]
    write('rules/c.txt', 'no rules')
    const read: string[] = []
    const loaded = await load('[rules/b.yaml, "rules/*.yaml"]', path => void read.push(path))
    if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
    expect(loaded.config.rules!.files.map(({ file }) => file)).toEqual([b, a])
    expect(loaded.config.rules!.files[0]!.text).toBe(rule('B'))
    expect(read).toEqual([b, a])
  })

  it('are told with all mistakes of all files, behind those of the configuration', async () => {
    write('rules/a.yaml', rule('A', 'sum(rate({a="b"}[1m])'))
    write('rules/b.yaml', 'groups: [{ name: g, rule: [] }]\n')
    expect(await problems('["rules/*.yaml"], file: x')).toEqual([
      'config.yaml:4:35: Unknown key "file" in "rules": did you mean "files"?',
      expect.stringMatching(/^rules\/a\.yaml:1:\d+: /),
      expect.stringMatching(/^rules\/b\.yaml:1:\d+: Unknown key "rule"/)
    ])
  })

  it.each([
    ['counter', 'done', ['done', 'done_total']],
    ['counter', 'done_total', ['done', 'done_total']],
    ['gauge', 'queue', ['queue']],
    ['histogram', 'took', ['took', 'took_bucket', 'took_sum', 'took_count']]
  ])('record nothing under the names of a %s that a step makes of rows: %s', async (type, name, taken) => {
    const step = `metrics: { name: ${name}, help: a, type: ${type}, value: ms }`
    const path = write('config.yaml', `${head}process: [{ ${step} }]\nrules: { files: [rules/a.yaml] }\n`)
    const known = [
      'done',
      'done_total',
      'queue',
      'queue_total',
      'took',
      'took_bucket',
      'took_sum',
      'took_count',
      'other'
    ]
    const records = known.map(one => `      - { record: ${one}, expr: 'sum(rate({a="b"}[1m]))' }\n`)
    write('rules/a.yaml', `groups:\n  - name: g\n    rules:\n${records.join('')}`)
    const loaded = await loadConfig([path], { env: {}, components })
    const found = 'config' in loaded ? [] : loaded.problems
    expect(found.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual(
      taken.map(
        one => `${known.indexOf(one) + 4}:9 Cannot use "${one}" for "record": a "metrics" step makes that metric`
      )
    )
  })

  it('must be there', async () => {
    expect(await problems('[rules/none.yaml]')).toEqual([expect.stringMatching(/^rules\/none\.yaml:1:1: Cannot read/)])
    expect(await problems('["rules/*.yml"]')).toEqual(['config.yaml:4:18: No file matches "rules/*.yml"'])
  })

  it('have each alert once, in all of them together', async () => {
    write('rules/a.yaml', rule('A'))
    write('rules/b.yaml', rule('A'))
    expect(await problems('["rules/*.yaml"]')).toEqual([
      expect.stringMatching(/^rules\/b\.yaml:1:\d+: Duplicate alert "A" with the same labels/)
    ])
  })
})
