import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { newLedger } from '../../src/core/outcome.ts'
import { StateStore } from '../../src/state/store.ts'
import { letter } from '../state/support.ts'
import { command } from './command.ts'

const source = 'AAAAAAAAAAAAAAAA'
const gone = 'BBBBBBBBBBBBBBBB'
let stateDir: string

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'offline-'))
  const state = StateStore.open(stateDir, { clock: systemClock, log: silentLog })
  const ledger = { ...newLedger(), read: 5, rows: [4, 0, 0, 0, 0, 0, 1] }
  const last = state.append([
    { kind: 'source', source: { id: source, input: 'agent', name: '/var/log/a.log', file: {}, seenAt: 0 } },
    { kind: 'cursor', cursor: { source, output: 'default/es', position: 100, marker: '', ledger } },
    { kind: 'letter', letter: letter(7, 'default/es', '{"message":"x"}\n') },
    { kind: 'cursor', cursor: { source: gone, output: 'default/es', position: 50, marker: '', ledger } },
    { kind: 'forget', source: gone }
  ])
  state.flush()
  await state.untilDurable(last)
  state.close()
})

afterAll(() => rmSync(stateDir, { recursive: true }))

describe('state of a collector that does not run', () => {
  test('shows its accounts', async () => {
    const { code, out } = await command(['ledger', '--state-dir', stateDir])
    expect(code).toBe(0)
    expect(out.split('\n')[1]!.split(/ {2,}/)).toEqual(['/var/log/a.log', 'es', '5', '4', '1', '0'])
  })

  test('names the outputs it has accounts of where another one is asked for', async () => {
    const { code, err } = await command(['ledger', '--output', 'nope', '--state-dir', stateDir])
    expect({ code, err }).toEqual({ code: 1, err: 'error: There is no output "nope": known are "es"\n' })
  })

  test('counts the rows of files that are forgotten', async () => {
    const { out } = await command(['ledger', '--json', '--state-dir', stateDir])
    const { rows } = JSON.parse(out) as { rows: { source: string; ledger: unknown }[] }
    expect(rows.map(row => row.source)).toEqual([source, ''])
    const none = { derived: 0, duplicate: 0, filtered: 0, sampled: 0, throttled: 0, deduplicated: 0 }
    const ledger = { ...none, read: 5, delivered: 4, dead_lettered: 1, pending: 0, lost: {}, lostBytes: {} }
    expect(rows.map(row => row.ledger)).toEqual([ledger, ledger])
  })

  test('shows its dead letters and stays as it was', async () => {
    const before = readdirSync(stateDir)
    const list = await command(['dlq', 'list', '--json', '--state-dir', stateDir])
    const { letters } = JSON.parse(list.out) as { letters: { id: number }[] }
    expect(letters).toMatchObject([{ output: 'default/es', reason: 'failed to parse field [a]' }])
    const shown = await command(['dlq', 'show', String(letters[0]!.id), '--state-dir', stateDir])
    expect(shown.out).toContain('status 400, document_parsing_exception: failed to parse field [a]\n{"message":"x"}\n')
    expect((await command(['dlq', 'drop', '--all', '--state-dir', stateDir])).code).toBe(1)
    expect(readdirSync(stateDir)).toEqual(before)
  })
})
