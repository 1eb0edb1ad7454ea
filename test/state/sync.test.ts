import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openForWriting } from '../../src/state/database.ts'
import { tempDir } from './support.ts'

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('databases sync at each commit', () => {
  const database = openForWriting(join(tempDir(), 'any.db'))
  expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  database.close()
})

const compiler = process.env['CC'] ?? 'cc'
const hasCompiler = process.platform === 'linux' && spawnSync(compiler, ['--version']).status === 0

test.skipIf(!hasCompiler)(
  'nothing is said to be durable that the disk was not told to keep',
  { timeout: 60_000 },
  () => {
    const dir = tempDir()
    const [library, report] = [join(dir, 'watch.so'), join(dir, 'report')]
    const built = spawnSync(compiler, ['-shared', '-fPIC', '-o', library, fileOf('sync-watch.c'), '-ldl'], {
      encoding: 'utf8'
    })
    expect(built.stderr).toBe('')
    const env = { ...process.env, LD_PRELOAD: library, SYNC_WATCH_REPORT: report }
    const words = [fileOf('child.ts'), 'write', join(dir, 'state')]
    const { stdout, stderr } = spawnSync(process.execPath, words, { env, encoding: 'utf8' })
    expect(stdout.trim().split('\n').at(-1), stderr).toBe('40')
    const said = readFileSync(report, 'utf8').trim().split('\n')
    expect(said).not.toContain('early')
    expect(said.length).toBeGreaterThanOrEqual(80)
  }
)
