import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/torture/**'],
    testTimeout: 20_000,
    pool: 'forks',
    // The default leaves one core of two idle, and half of the tests wait for something.
    maxWorkers: Math.max(2, availableParallelism() - 1)
  }
})
