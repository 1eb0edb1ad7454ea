import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty folder that is gone when the test has ended. */
export function tempFolder(root = tmpdir()): string {
  const folder = mkdtempSync(join(root, 'mcp-collector-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
