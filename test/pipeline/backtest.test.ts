import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openWhole, wholeOf } from '../../src/inputs/file/whole.ts'
import { backtest, type BacktestOptions } from '../../src/pipeline/backtest/backtest.ts'
import type { Episode } from '../../src/rules/evaluate/backtest.ts'
import { loadRules } from '../../src/rules/load.ts'
import type { RuleGroup } from '../../src/rules/rule.ts'
import { tempFolder } from '../fakes/folder.ts'

const began = Date.parse('2026-11-29T10:00:00Z')
const day = 86_400
/** A chunk has some sixty of them. */
const padding = 'x'.repeat(2000)

interface Row {
  /** Seconds. */
  readonly at: number
  readonly agent: string
  readonly message?: string
}

function line({ at, agent, message = 'heartbeat' }: Row): string {
  const timestamp = new Date(began + at * 1000).toISOString()
  return JSON.stringify({ timestamp, agent_id: agent, message, padding })
}

function bytesOf(rows: readonly Row[]): Buffer {
  return Buffer.from(rows.map(row => `${line(row)}\n`).join(''))
}

function rulesOf(yaml: string): readonly RuleGroup[] {
  const file = join(tempFolder(), 'rules.yaml')
  writeFileSync(file, yaml)
  const loaded = loadRules([file], { loki: false })
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  return loaded.groups
}

const silence = `groups:
  - name: agents
    rules:
      - alert: Silent
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [90s])) == 0
        remember: 24h`

const burst = `groups:
  - name: errors
    rules:
      - alert: Burst
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "refused" [30s])) > 2
        for: 10s`

/** Of rows in memory, in one log each. */
function run(rules: string, logs: readonly Buffer[], more: Partial<BacktestOptions> = {}) {
  const old = logs.map((bytes, i) => ({
    whole: wholeOf(`/log/${i}.log`, bytes, began + 1000 * day * 1000),
    service: 'mcp-agent',
    fields: {}
  }))
  return backtest({ groups: rulesOf(rules), logs: old, ...more })
}

function since(ms: number): number | undefined {
  return ms === 0 ? undefined : (ms - began) / 1000
}

/** Times in seconds since the beginning. */
function shown({ rule, labels, pendingAt, firedAt, endedAt, peak }: Episode) {
  return [rule.name, labels['agent_id'], since(pendingAt), since(firedAt), since(endedAt), peak]
}

const beats = (agent: string, from: number, to: number): Row[] =>
  Array.from({ length: Math.floor((to - from) / 30) }, (_, i) => ({ at: from + i * 30, agent }))

describe('backtest', () => {
  test('tells when an agent was silent, and when it came back', async () => {
    const rows = [...beats('a', 0, 3600), ...beats('a', 5400, 9000)]
    const { episodes, rows: read, problems } = await run(silence, [bytesOf(rows)])
    expect(episodes.map(shown)).toEqual([['Silent', 'a', 3660, 3660, 5400, 0]])
    expect(read).toBe(rows.length)
    expect(problems).toEqual({})
  })

  test('reads logs of several agents by the times of their rows', async () => {
    const a = beats('a', 0, 36_000)
    const b = [...beats('b', 600, 3600), ...beats('b', 30_000, 36_000)]
    const { episodes, disordered } = await run(silence, [bytesOf(b), bytesOf(a)])
    expect(episodes.map(shown)).toEqual([['Silent', 'b', 3660, 3660, 30_000, 0]])
    expect(disordered).toBe(0)
  })

  test.each([
    ['gz', gzipSync],
    ['zst', zstdCompressSync]
  ])('reads archives: %s', async (name, compress) => {
    const path = join(tempFolder(), `agent.log.${name}`)
    writeFileSync(path, compress(bytesOf([...beats('a', 0, 3600), ...beats('a', 5400, 9000)])))
    const whole = { ...openWhole(path), writtenMs: began + day * 1000 }
    const options = { groups: rulesOf(silence), logs: [{ whole, service: 'mcp-agent', fields: {} }] }
    const { episodes } = await backtest(options)
    expect(episodes.map(shown)).toEqual([['Silent', 'a', 3660, 3660, 5400, 0]])
  })

  test('an archive that is damaged is told of, and what stands before is read', async () => {
    const path = join(tempFolder(), 'agent.log.gz')
    const packed = gzipSync(bytesOf(beats('a', 0, 3600)))
    writeFileSync(path, packed.subarray(0, packed.length - 20))
    const whole = { ...openWhole(path), writtenMs: began + day * 1000 }
    const logs = [{ whole, service: 'mcp-agent', fields: {} }]
    const { problems, rows } = await backtest({ groups: rulesOf(silence), logs })
    expect(problems[path]).toMatch(/^archive /)
    expect(rows).toBeGreaterThan(0)
  })

  test('time without rows costs nothing once nothing can change', async () => {
    const rows = [
      { at: -20 * 365 * day, agent: 'old' },
      ...beats('a', 0, 600),
      ...beats('a', 300 * day, 300 * day + 600)
    ]
    const { episodes, evaluations } = await run(silence, [bytesOf(rows)])
    const [old, first, ...more] = episodes.map(shown)
    // forgotten after a day
    expect(old).toEqual(['Silent', 'old', -20 * 365 * day + 90, -20 * 365 * day + 90, -20 * 365 * day + day, 0])
    expect(first).toEqual(['Silent', 'a', 660, 660, day + 570, 0])
    expect(more).toEqual([])
    expect(evaluations).toBeLessThan(4 * (day / 5))
  })

  test('rows without a time count at that of the row before, those of the future too', async () => {
    const rows: Row[] = Array.from({ length: 4 }, (_, i) => ({ at: i, agent: 'a', message: 'refused' }))
    const late = line({ at: 2000 * day, agent: 'a', message: 'refused' })
    const lines = ['refused, at no time', ...rows.map(line), '{"agent_id":"a","message":"refused again"}', late]
    const { episodes, timeless, ahead } = await run(burst, [Buffer.from(lines.join('\n'))])
    expect(episodes.map(shown)).toEqual([['Burst', 'a', 5, undefined, undefined, 6]])
    expect({ timeless, ahead }).toEqual({ timeless: 2, ahead: 1 })
  })

  test('rows out of order count in their windows, those that come too late from then on, and are told', async () => {
    const rows = beats('a', 0, 30_000)
    const refused = [0, 1, 2].map(at => ({ at: 300 + at, agent: 'a', message: 'refused' }))
    const near = await run(burst, [bytesOf([...rows.slice(0, 25), ...refused, ...rows.slice(25)])])
    expect(near.episodes.map(shown)).toEqual([['Burst', 'a', 305, 315, 330, 3]])
    expect(near.disordered).toBe(0)
    const far = await run(burst, [bytesOf([...rows.slice(0, 500), ...refused, ...rows.slice(500)])])
    expect(far.episodes).toEqual([])
    expect(far.disordered).toBe(3)
  })

  test('from and to', async () => {
    const rows = [...beats('a', 0, 3600), ...beats('a', 5400, 9000)]
    const of = async (from: number | undefined, to: number | undefined) => {
      const [fromMs, toMs] = [from, to].map(at => (at === undefined ? undefined : began + at * 1000))
      return (await run(silence, [bytesOf(rows)], { fromMs, toMs })).episodes.map(shown)
    }
    expect(await of(4000, 5000)).toEqual([['Silent', 'a', 3660, 3660, undefined, 0]])
    expect(await of(6000, undefined)).toEqual([])
    expect(await of(undefined, 3600)).toEqual([])
    expect(await of(6000, 9200)).toEqual([['Silent', 'a', 9060, 9060, undefined, 0]])
  })

  test('gives the alerts that a naive evaluation gives, however rows are spread over logs', async () => {
    const row = fc.record({ at: fc.integer({ min: 0, max: 600 }), agent: fc.constantFrom('a', 'b'), log: fc.nat(2) })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 200 }), async rows => {
        const sorted = rows.toSorted((a, b) => a.at - b.at).map(one => ({ ...one, message: 'refused' }))
        const logs = [0, 1, 2].map(log => bytesOf(sorted.filter(one => one.log === log)))
        const { episodes, disordered } = await run(burst, logs)
        const found = episodes.map(shown).map(([, ...rest]) => rest)
        expect(found.toSorted(inOrder)).toEqual(naive(sorted).toSorted(inOrder))
        expect(disordered).toBe(0)
      }),
      { numRuns: 40 }
    )
  })
})

function inOrder(a: readonly unknown[], b: readonly unknown[]): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

/** The rule `burst` in plain words. */
function naive(rows: readonly Row[]): unknown[][] {
  const found: unknown[][] = []
  const last = Math.max(...rows.map(({ at }) => at))
  for (const agent of ['a', 'b']) {
    let open: [pending: number, fired: number | undefined, peak: number] | undefined
    const from = Math.ceil(Math.min(...rows.map(({ at }) => at)) / 5) * 5
    for (let at = from; at <= last + 5; at += 5) {
      const count = rows.filter(one => one.agent === agent && one.at > at - 30 && one.at <= at).length
      if (count > 2) {
        open ??= [at, undefined, 0]
        open[2] = Math.max(open[2], count)
        if (at - open[0] >= 10) open[1] ??= at
      } else if (open !== undefined) {
        found.push([agent, open[0], open[1], at, open[2]])
        open = undefined
      }
    }
    if (open !== undefined) found.push([agent, open[0], open[1], undefined, open[2]])
  }
  return found
}
