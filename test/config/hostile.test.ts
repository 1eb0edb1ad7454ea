import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { Problems } from '../../src/config/problems.ts'
import { fileSchema } from '../../src/config/schema.ts'
import { readText } from '../../src/config/text.ts'
import { readTree } from '../../src/config/yaml.ts'
import { systemClock } from '../../src/core/clock.ts'
import { loadRules } from '../../src/rules/load.ts'
import { readTests } from '../../src/rules/tests/read-tests.ts'
import { tempFolder } from '../fakes/folder.ts'
import { registry } from './registry.ts'

const size = 1024 * 1024 - 100
const fill = (text: string) => text.repeat(Math.floor(size / text.length))
const letters = 'abcdefghij'.split('')
const laughs = letters.map((name, index) => {
  const item = index === 0 ? 'x' : `*${letters[index - 1]}`
  return `${name}: &${name} [${Array.from({ length: 10 }, () => item).join(', ')}]`
})

describe('hostile files', () => {
  it.each([
    ['brackets', fill('[')],
    ['braces', fill('{a: ')],
    ['dashes', fill('- ')],
    ['question marks', fill('? ')],
    ['colons', fill(': ')],
    ['indentation', Array.from({ length: 1400 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['entries', fill('a: b\n')],
    ['items', `[${fill('a,')}]`],
    ['anchors', fill('&a ')],
    ['comments', fill('#\n')],
    ['documents', fill('---\n')],
    ['one long text', `a: ${fill('x')}`],
    ['wrong escapes', `a: "${fill('\\x')}"`],
    ['open defaults', `a: ${fill('${A:-')}`],
    ['aliases of aliases', laughs.join('\n')]
  ])('config refuses a file of nothing but %s at once', (_, text) => {
    const problems = new Problems(['bomb.yaml'])
    const start = systemClock.cpu()
    expect(readTree(text, { file: 'bomb.yaml' }, problems)).toBeUndefined()
    // About 0.1 s at most where nothing else runs.
    expect(systemClock.cpu() - start).toBeLessThan(2000)
    expect(problems.sorted()).toHaveLength(1)
    expect(problems.sorted()[0]!.message.length).toBeLessThan(200)
  })

  it('config refuses an alias inside of what it stands for', () => {
    const problems = new Problems(['self.yaml'])
    readTree('a: &a [*a]', { file: 'self.yaml' }, problems)
    expect(problems.sorted()[0]).toMatchObject({ line: 1, column: 8 })
  })

  it.runIf(existsSync('/dev/zero'))('config reads no more of a file without end than it takes', () => {
    const problems = new Problems(['/dev/zero'])
    expect(readText('/dev/zero', problems)).toBeUndefined()
    expect(problems.sorted()[0]!.message).toBe('Cannot read this file: it is a pipe or a device: name a file')
  })

  it.runIf(existsSync('/proc/version'))('config reads all of a file that says it is empty', () => {
    const problems = new Problems(['/proc/version'])
    expect(readText('/proc/version', problems)).toBe(readFileSync('/proc/version', 'utf8'))
    expect(problems.sorted()).toEqual([])
  })

  it('config does not wait for who writes to a pipe', () => {
    const pipe = join(tempFolder(), 'pipe.yaml')
    execFileSync('mkfifo', [pipe])
    const problems = new Problems([pipe])
    expect(readText(pipe, problems)).toBeUndefined()
    expect(problems.sorted()[0]!.message).toBe('Cannot read this file: it is a pipe or a device: name a file')
  })
})

/** What is said of a file by all that read files of ours. */
async function saidOf(text: string): Promise<string[]> {
  const file = join(tempFolder(), 'other')
  writeFileSync(file, text)
  const read = [
    await loadConfig([file], { env: {}, components: registry }),
    loadRules([file], { loki: false }),
    readTests(file)
  ]
  return read.map(one => {
    const problems = 'problems' in one ? one.problems : []
    return problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join('; ')
  })
}

describe('files that are something else', () => {
  it.each([
    ['passwords of a system', 'root:$6$hunter2:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n'],
    ['keys as YAML', 'sk-hunter2: a\nsk-hunter2: b\nc: *hunter2\n'],
    ['JSON', '{"hunter2": {"auth": "hunter2"}}'],
    ['variables', 'PASSWORD=hunter2\n'],
    ['a list', '- hunter2\n'],
    ['a secret of Kubernetes', 'stringData: { hunter2: hunter2 }\n']
  ])('are told as such, and not shown: %s', async (_, text) => {
    const at = '1:1 Cannot read this file: it must be a map that begins with'
    expect(await saidOf(text)).toEqual([`${at} "version: 1"`, `${at} "groups:"`, `${at} "rule_files:"`])
  })

  const components = { inputs: [], parsers: [], processors: [], outputs: [] }
  const names = { inputs: [], parsers: [], processors: [], outputs: [] }
  it.each(Object.keys(fileSchema({ ...components, names }).shape))('are none with "%s" at the top', async section => {
    const [said] = await saidOf(`${section}: {}\n`)
    expect(said).not.toContain('Cannot read this file')
  })

  it('are none that misspell what they begin with', async () => {
    const [, rules] = await saidOf('grups: []\n')
    expect(rules).toContain('Unknown key "grups": did you mean "groups"?')
  })
})
