import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Problems } from '../../src/config/problems.ts'
import { readText } from '../../src/config/text.ts'
import { readTree } from '../../src/config/yaml.ts'

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
    const start = performance.now()
    expect(readTree(text, { file: 'bomb.yaml' }, problems)).toBeUndefined()
    // About 0.1 s at most where nothing else runs.
    expect(performance.now() - start).toBeLessThan(2000)
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
    expect(problems.sorted()[0]!.message).toContain('larger than 1MiB')
  })
})
