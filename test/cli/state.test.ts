import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { newLedger } from '../../src/core/outcome.ts'
import type { StateRecord } from '../../src/core/record.ts'
import { StateStore } from '../../src/state/store.ts'
import { tempFolder } from '../fakes/folder.ts'
import { letter } from '../state/support.ts'
import { command, recorder } from './command.ts'

const ids = ['AAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBB', 'CCCCCCCCCCCCCCCC'] as const
let stateDir: string

function source(id: string, path: string, input: string): StateRecord {
  return { kind: 'source', source: { id, input, name: path, file: { path, size: 4096 }, seenAt: 1 } }
}

function cursor(id: string, output: string, position: number): StateRecord {
  const ledger = { ...newLedger(), read: 5, rows: [5, 0, 0, 0, 0, 0, 0] }
  return { kind: 'cursor', cursor: { source: id, output, position, marker: '', ledger } }
}

beforeEach(() => {
  stateDir = tempFolder()
  const state = StateStore.open(stateDir, { clock: systemClock, log: silentLog })
  state.append([
    source(ids[0], '/var/log/a.log', 'agent'),
    source(ids[1], '/var/log/b.log', 'agent'),
    source(ids[2], '/var/log/pods/c.log', 'pods'),
    cursor(ids[0], 'default/es', 1024),
    cursor(ids[0], 'default/two', 4096),
    cursor(ids[2], 'default/es', 2048),
    { kind: 'letter', letter: letter(7, 'default/es', '{"message":"x"}\n') }
  ])
  state.close()
})

async function state(...args: string[]): ReturnType<typeof command> {
  return command(['state', ...args, '--state-dir', stateDir])
}

async function known(): Promise<Record<string, string[]>> {
  const { sources } = JSON.parse((await state('show', '--json')).out) as {
    sources: { id: string; cursors: { output: string }[] }[]
  }
  return Object.fromEntries(sources.map(one => [one.id, one.cursors.map(({ output }) => output)]))
}

describe('state show', () => {
  test('tells files, positions and how far outputs are behind', async () => {
    const { code, out } = await state('show')
    expect(code).toBe(0)
    const lines = out.split('\n')
    expect(lines[0]).toBe(`state in ${stateDir}: no collector runs on it`)
    expect(lines[1]).toMatch(/^layout \d+, [\d.]+ KiB, backup of \d+s ago, 3 sources$/)
    expect(lines[2]).toMatch(/^1 dead letter of output es, \d+ B$/)
    expect(lines.slice(4, 9).map(line => line.split(/ {2,}/))).toEqual([
      ['source', 'id', 'output', 'position', 'behind'],
      ['/var/log/b.log', ids[1], '', '0', '4.0 KiB'].filter(cell => cell !== ''),
      ['/var/log/a.log', ids[0], 'es', '1,024', '3.0 KiB'],
      ['/var/log/pods/c.log', ids[2], 'es', '2,048', '2.0 KiB'],
      ['/var/log/a.log', ids[0], 'two', '4,096', '0 B']
    ])
  })

  test('stays as it was', async () => {
    const before = readdirSync(stateDir)
    await state('show')
    expect(readdirSync(stateDir)).toEqual(before)
  })
})

describe('state reset', () => {
  test.each([
    [
      ['--source', '/var/log/a'],
      [ids[1], ids[2]]
    ],
    [
      ['--source', ids[2]],
      [ids[0], ids[1]]
    ],
    [['--input', 'agent'], [ids[2]]],
    [['--all'], []]
  ])('%j leaves the sources %j', async (args, left) => {
    expect(await state('reset', ...args, '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/^Done: /) })
    expect(Object.keys(await known())).toEqual(left)
    const letters = await command(['dlq', 'list', '--state-dir', stateDir])
    expect(letters.out).toContain('document_parsing_exception')
  })

  test('of an output forgets its cursors alone, and its rows stay in the ledger', async () => {
    const { code, out } = await state('reset', '--output', 'es', '--yes', '--json')
    expect({ code, sources: (JSON.parse(out) as { sources: string[] }).sources }).toEqual({
      code: 0,
      sources: [ids[0], ids[2]]
    })
    expect(await known()).toEqual({ [ids[0]]: ['default/two'], [ids[1]]: [], [ids[2]]: [] })
    const ledger = await command(['ledger', '--json', '--output', 'es', '--state-dir', stateDir])
    expect(JSON.parse(ledger.out)).toMatchObject({ total: { read: 10, delivered: 10 } })
  })

  test.each([
    [[], 2, 'Name one of --source'],
    [['--all', '--input', 'agent'], 2, 'Name one of --source'],
    [['--all'], 2, 'Say --yes, as nobody is here to be asked'],
    [['--source', 'nope', '--yes'], 1, 'There is no source with "nope" in its path'],
    [['--input', 'nope', '--yes'], 1, 'There is no input "nope": known are "agent", "pods"'],
    [['--output', 'nope', '--yes'], 1, 'There is no output "nope": known are "es", "two"']
  ])('%j changes nothing', async (args, code, text) => {
    const before = await known()
    const finished = await state('reset', ...args)
    expect(finished).toMatchObject({ code, out: '' })
    expect(finished.err).toContain(text)
    expect(await known()).toEqual(before)
  })

  test.each([
    ['y', 0],
    ['n', 1],
    ['', 1]
  ])('asks at a terminal, and takes %j for an answer', async (said, code) => {
    const questions: string[] = []
    const ask = (question: string): Promise<string> => {
      questions.push(question)
      return Promise.resolve(said)
    }
    const terminal = { env: {}, out: recorder(true), err: recorder(true), ask }
    expect(await main(['state', 'reset', '--input', 'agent', '--state-dir', stateDir], terminal)).toBe(code)
    expect(questions).toEqual([expect.stringMatching(/^2 sources are forgotten: .*\. Go on\? \[y\/N\] $/)])
    expect(Object.keys(await known())).toHaveLength(code === 0 ? 1 : 3)
  })

  test('does not make a state where there is none', async () => {
    const empty = tempFolder()
    expect((await command(['state', 'reset', '--all', '--yes', '--state-dir', empty])).err).toContain(
      'There is no state'
    )
    expect(readdirSync(empty)).toEqual([])
  })
})

describe('state export and import', () => {
  test('carry everything into another directory, in a file that only its owner may read', async () => {
    const file = join(tempFolder(), 'state.ndjson')
    expect(await state('export', file)).toMatchObject({ code: 0, out: expect.stringContaining('7 records') })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = await known()
    stateDir = join(tempFolder(), 'other')
    expect(await state('import', file)).toEqual({
      code: 0,
      out: 'Imported 3 sources, 3 cursors, 1 dead letter\n',
      err: ''
    })
    expect(await known()).toEqual(before)
    expect(readdirSync(stateDir)).toContain('backup.db')
    expect((await command(['dlq', 'show', '1', '--state-dir', stateDir])).out).toContain('{"message":"x"}')
    const again = await state('import', file)
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('has a state already') })
  })

  test('take no other thing than a regular file for one, and leave links as they are', async () => {
    const folder = tempFolder()
    const at = (name: string): string => join(folder, name)
    mkdirSync(at('folder'))
    execFileSync('mkfifo', [at('pipe')])
    for (const name of ['folder', 'pipe']) {
      expect(await state('export', at(name))).toMatchObject({
        code: 1,
        err: expect.stringContaining('no regular file')
      })
    }
    for (const name of ['folder', '/dev/zero']) {
      const file = resolve(folder, name)
      expect(await state('import', file)).toMatchObject({ code: 1, err: expect.stringContaining('no regular file') })
    }
    writeFileSync(at('real'), 'old')
    symlinkSync(at('real'), at('link'))
    expect(await state('export', at('link'))).toMatchObject({ code: 0 })
    expect(readdirSync(folder).toSorted()).toEqual(['folder', 'link', 'pipe', 'real'])
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true)
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
    expect(readFileSync(at('real'), 'utf8')).toContain('"kind":"end"')
  })

  test('a damaged file makes no state, a newer one has its exit code', async () => {
    const file = join(tempFolder(), 'state.ndjson')
    await state('export', file)
    const text = readFileSync(file, 'utf8')
    stateDir = join(tempFolder(), 'other')
    writeFileSync(file, text.replace('1024', '9024'))
    expect(await state('import', file)).toMatchObject({ code: 1, err: expect.stringContaining('check does not match') })
    writeFileSync(file, text.replace('"version":1', '"version":9'))
    expect(await state('import', file)).toMatchObject({ code: 3, err: expect.stringContaining('newer version') })
    expect(() => readdirSync(stateDir)).toThrow('ENOENT')
  })
})
