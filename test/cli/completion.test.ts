import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { grammar } from '../../src/cli/completion.ts'
import { allOf } from '../../src/cli/completion/grammar.ts'
import { command, recorder } from './command.ts'

const shells = ['bash', 'zsh', 'fish'] as const

async function script(shell: string): Promise<string> {
  const { code, out } = await command(['completion', shell])
  expect(code).toBe(0)
  return out
}

test('every verb and option is in the script of each shell', async () => {
  const all = allOf(await grammar({ env: {}, out: recorder(), err: recorder() }))
  expect(all.map(({ path }) => path)).toEqual(expect.arrayContaining(['/run', '/rules/check', '/dlq/replay']))
  for (const shell of shells) {
    const text = await script(shell)
    for (const { path, name, options } of all) {
      const words = options.flatMap(({ names }) => names)
      for (const word of [...(path === '' ? [] : [name]), ...words]) {
        const written = shell === 'fish' ? word.replace(/^--/, '-l ').replace(/^-(?=.$)/, '-s ') : word
        expect(text, `${path} in ${shell}`).toContain(written)
      }
    }
  }
})

test.each(shells)('the script for %s is one, where that shell is there', async shell => {
  const { error, status, stderr } = spawnSync(shell, shell === 'fish' ? ['--no-execute'] : ['-n'], {
    input: await script(shell),
    encoding: 'utf8'
  })
  if (error === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  else expect(error).toHaveProperty('code', 'ENOENT')
})

test('bash completes verbs, options and values', async () => {
  const lines: Readonly<Record<string, string>> = {
    ru: 'run rules',
    'rules ': 'check test backtest notify',
    'rules back': 'backtest',
    'run --log-level ': 'debug info warn error',
    'run --log-level w': 'warn',
    'run my.yaml --wa': '--watch',
    'run --state-dir ': '',
    'run my': '',
    'completion ': 'bash zsh fish',
    'tail --format j': 'json',
    'dlq replay --out': '--output'
  }
  const asked = Object.keys(lines).map(line => {
    const words = `mcp-collector ${line}`.split(' ').map(word => `'${word}'`)
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _mcp_collector; echo "\${COMPREPLY[*]}"`
  })
  const { error, stdout, stderr } = spawnSync('bash', ['-c', [await script('bash'), ...asked].join('\n')], {
    encoding: 'utf8'
  })
  if (error !== undefined) return expect(error).toHaveProperty('code', 'ENOENT')
  expect(stderr).toBe('')
  const answers = stdout.split('\n')
  expect(Object.fromEntries(Object.keys(lines).map((line, i) => [line, answers[i]]))).toEqual(lines)
})

test('other shells are refused', async () => {
  expect(await command(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('bash, zsh, fish')
  })
})
