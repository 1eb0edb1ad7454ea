import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: 'test/e2e/setup.ts',
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // One server, and often one machine for everything.
    fileParallelism: false,
    pool: 'forks'
  }
})
