import { chownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const nobody = 65_534

/** Whether `withoutRights` works: only root can be somebody else. */
export const canBeNobody = process.getuid?.() === 0

/** Calls `run` as another user, to whom a folder belongs, but not those of its files whose path matches. */
export function withoutRights(folder: string, files: RegExp, run: () => void): void {
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    const owner = files.test(name) ? 0 : nobody
    chownSync(join(folder, name), owner, owner)
  }
  process.seteuid!(nobody)
  try {
    run()
  } finally {
    process.seteuid!(0)
  }
}
