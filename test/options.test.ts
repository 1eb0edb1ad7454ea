import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

describe.each(['integrity', 'bench'])('%s/main.ts', folder => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, folder, 'main.ts'), ...words], { encoding: 'utf8' })

  test('shows its options with examples', () => {
    const { status, stdout, stderr } = run('--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: npm run \w+ -- \[options\]\n[^]*--only <ids>[^]*\nExamples:\n {2}npm run /)
  })

  test.each([
    [['--nonsense'], "unknown option '--nonsense'"],
    [['--only', 'X1'], 'There is no "X1", but there are '],
    [['nonsense'], 'too many arguments']
  ])('says what is wrong with %j, in one line', (words, said) => {
    const { status, stdout, stderr } = run(...words)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).toContain(said)
  })
})
