import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/torture/**'],
    // Ends what hangs. Nothing that is promised is measured by it, and a busy machine takes ten times as long.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Half of the tests wait for something: on two cores all take 271 s, with two workers 334 s.
    maxWorkers: availableParallelism() + 1
  }
})
