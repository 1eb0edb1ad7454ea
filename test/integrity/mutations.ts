import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { type SeededBug, seededBugs } from '../../src/core/seeded-bugs.ts'
import { atOnce } from './trial.ts'

const root = resolve(import.meta.dirname, '../..')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
/** A test that hangs has found something, too. */
const patienceMs = 300_000

/** Tests that have to fail with the bug, by file, and by name where a file takes long. */
const finders: Readonly<Record<SeededBug, readonly [file: string, name?: string]>> = {
  'ack-before-fsync': ['test/model/model.test.ts'],
  'drop-fsync': ['test/state/sync.test.ts'],
  'offset-on-emit': ['test/model/model.test.ts'],
  'ignore-eio': ['test/state/store.test.ts', 'disk is full'],
  'glob-error-is-empty': ['test/model/model.test.ts'],
  'letters-behind-cursor': ['test/state/letters.test.ts', 'not stored before the letter'],
  'unlink-before-ledger': ['test/model/model.test.ts'],
  '409-is-an-error': ['test/model/model.test.ts'],
  'drop-on-413': ['test/delivery/sending.test.ts', 'halves requests'],
  'backoff-reset': ['test/delivery/sending.test.ts', 'backs off with jitter'],
  'naive-utf8': ['test/inputs/framing.test.ts', 'between characters'],
  'resume-from-pending': ['test/pipeline/handover.test.ts', 'reads again what it did not take']
}

/** Puts each of the seeded bugs in and runs the tests that have to find it. Those must pass without: else they find nothing. Returns
 * whether all were found. */
export async function findMutations(seed: number): Promise<boolean> {
  const began = performance.now()
  const bugs = Object.keys(finders) as SeededBug[]
  const finderOf = (bug: SeededBug): string => finders[bug].join(' ')
  const different = [...new Map(bugs.map(bug => [finderOf(bug), bug])).values()]
  const sound = new Set<string>()
  await atOnce(2, different, async bug => {
    if (await passes(bug, seed, false)) sound.add(finderOf(bug))
  })
  const results = await atOnce(2, bugs, async bug => {
    const isFound = sound.has(finderOf(bug)) && !(await passes(bug, seed, true))
    const how = isFound ? 'found' : sound.has(finderOf(bug)) ? 'NOT FOUND' : 'its test fails without it'
    console.log(`${bug.padEnd(24)}${how.padEnd(12)}${seededBugs[bug]}`)
    return isFound
  })
  const found = results.filter(Boolean).length
  console.log(
    `${found}/${bugs.length} seeded bugs found, ${((performance.now() - began) / 1000).toFixed(0)} seconds, seed ${seed}`
  )
  return found === bugs.length
}

/** Whether the tests pass that have to find a bug, with or without it. */
async function passes(bug: SeededBug, seed: number, isIn: boolean): Promise<boolean> {
  const [file, name] = finders[bug]
  const words = [vitest, 'run', file, '--bail=1', ...(name === undefined ? [] : ['-t', name])]
  // With a bug the model ends at its first failure, which may take some hundred sequences.
  const seeded = isIn ? { MCP_COLLECTOR_SEEDED_BUG: bug, MODEL_RUNS: '3000' } : {}
  const env = { ...process.env, MODEL_SHRINK: 'no', MODEL_SEED: String(seed), ...seeded }
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: 'ignore', timeout: patienceMs })
  const code = await new Promise(done => child.once('exit', done))
  return code === 0
}
