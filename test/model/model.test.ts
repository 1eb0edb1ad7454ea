import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Action, anyAction, Writer } from './actions.ts'
import { wrongAccounts, wrongRows } from './check.ts'
import { modelPlan } from './plan.ts'
import { World } from './world.ts'

const patterns = ['*.log', '*.log*'] as const
type Pattern = (typeof patterns)[number]

interface Sequence {
  readonly pattern: Pattern
  readonly actions: readonly Action[]
}
interface Case extends Sequence {
  readonly what: string
}

const runs = Number(process.env['MODEL_RUNS'] ?? 300)
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 1_000_000)
const epoch = Date.UTC(2026, 0, 1)
/** Until every file that is gone was given up. */
const finalMs = 30_000

afterEach(() => vi.restoreAllMocks())

/** Runs a sequence, lets everything come to rest, and returns what is wrong. */
async function play({ pattern, actions }: Sequence): Promise<string[]> {
  const world = new World(await modelPlan(pattern), pattern, epoch)
  vi.spyOn(Date, 'now').mockImplementation(() => world.now())
  const writer = new Writer(world)
  await world.start()
  for (const action of actions) await writer.run(action)
  world.setState('ok')
  world.disk.fault = undefined
  await world.start()
  await world.answer('ack')
  await world.pass(finalMs)
  const wrong = wrongRows(world)
  await world.stop()
  return [...wrong, ...wrongAccounts(world)]
}

describe('model', () => {
  const cases = JSON.parse(readFileSync(new URL('./cases.json', import.meta.url), 'utf8')) as readonly Case[]
  it.each(cases)('$what', async sequence => {
    expect(await play(sequence)).toEqual([])
  })

  it('delivers each line that could be read exactly once, and counts the others', { timeout: 3_600_000 }, async () => {
    const pattern = fc.constantFrom(...patterns)
    const sequence = fc.record({ pattern, actions: fc.array(anyAction, { minLength: 1, maxLength: 60, size: 'max' }) })
    await fc.assert(
      fc.asyncProperty(sequence, async one => {
        expect(await play(one)).toEqual([])
      }),
      { numRuns: runs, seed, endOnFailure: process.env['MODEL_SHRINK'] === 'no' }
    )
  })
})
