import { join } from 'node:path'
import { describe } from 'vitest'
import { loadRules } from '../../src/rules/load.ts'
import { testBrokenFiles } from '../broken-files.ts'

describe('broken rule files', () => {
  testBrokenFiles(join(import.meta.dirname, 'broken'), path => problemsIn(path, false))
})

describe('rule files that Loki refuses', () => {
  testBrokenFiles(join(import.meta.dirname, 'loki'), path => problemsIn(path, true))
})

async function problemsIn(path: string, loki: boolean) {
  const loaded = loadRules([path], { loki })
  return 'problems' in loaded ? loaded.problems : []
}
