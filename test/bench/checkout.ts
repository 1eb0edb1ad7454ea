import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Another revision of the project, built, beside this one. It shares this tree's installed packages. */
export function checkout(root: string, revision: string): { path: string; remove: () => void } {
  const path = join(mkdtempSync(join(tmpdir(), 'mcp-collector-rev-')), 'tree')
  const git = (...words: string[]): void => void execFileSync('git', ['-C', root, ...words], { stdio: 'ignore' })
  git('worktree', 'add', '--detach', path, revision)
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  execFileSync('npm', ['run', 'build'], { cwd: path, stdio: 'ignore' })
  return {
    path,
    remove: () => {
      git('worktree', 'remove', '--force', path)
      rmSync(join(path, '..'), { recursive: true, force: true })
    }
  }
}
