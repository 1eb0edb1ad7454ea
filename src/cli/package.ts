import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package, found from the sources as from a build, which lie at different depths. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)))

export function packageVersion(): string {
  const content: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  return (content as { version: string }).version
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('Cannot find package.json of mcp-collector above its own files')
  return findRoot(parent)
}
