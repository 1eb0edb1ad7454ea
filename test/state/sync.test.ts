import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openForWriting } from '../../src/state/database.ts'
import { preloadable } from '../fakes/preload.ts'
import { tempDir } from './support.ts'

test('databases sync at each commit', () => {
  const database = openForWriting(join(tempDir(), 'any.db'))
  expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  database.close()
})

test('nothing is said to be durable that the disk was not told to keep', ({ skip }) => {
  const dir = tempDir()
  const report = join(dir, 'report')
  const library = preloadable('sync-watch.c', dir)
  skip(library === undefined, 'nothing can be preloaded')
  const env = { ...process.env, LD_PRELOAD: library, SYNC_WATCH_REPORT: report }
  const words = [fileURLToPath(new URL('child.ts', import.meta.url)), 'write', join(dir, 'state')]
  const { stdout, stderr } = spawnSync(process.execPath, words, { env, encoding: 'utf8' })
  expect(stdout.trim().split('\n').at(-1), stderr).toBe('40')
  const said = readFileSync(report, 'utf8').trim().split('\n')
  expect(said).not.toContain('early')
  expect(said.length).toBeGreaterThanOrEqual(80)
})
