import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A package as it is shipped, in a folder of its own. */
export interface Built {
  readonly path: string
  remove(): void
}

const sources = ['bin', 'src', 'pipelines', 'build.ts', 'package.json']

/** What is measured is this tree as it stands, and not what somebody built earlier. */
export function builtTree(root: string): Built {
  const path = join(mkdtempSync(join(tmpdir(), 'mcp-collector-tree-')), 'tree')
  for (const name of sources) cpSync(join(root, name), join(path, name), { recursive: true })
  build(root, path)
  return { path, remove: () => rmSync(join(path, '..'), { recursive: true, force: true }) }
}

/** Another revision of the project, beside this one. */
export function builtRevision(root: string, revision: string): Built {
  const path = join(mkdtempSync(join(tmpdir(), 'mcp-collector-rev-')), 'tree')
  const git = (...words: string[]): void => void execFileSync('git', ['-C', root, ...words], { stdio: 'ignore' })
  git('worktree', 'add', '--detach', path, revision)
  build(root, path)
  return {
    path,
    remove: () => {
      git('worktree', 'remove', '--force', path)
      rmSync(join(path, '..'), { recursive: true, force: true })
    }
  }
}

/** It shares the packages that this tree has installed. */
function build(root: string, path: string): void {
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  execFileSync('npm', ['run', 'build'], { cwd: path, stdio: 'ignore' })
}
