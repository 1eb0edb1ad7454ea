import { access, constants, lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import type { Finding } from '../../core/probe.ts'

/** Whether a file can be written, or be made with its folders in the next one above that is there. */
export async function lookAt(path: string): Promise<Finding> {
  for (let at = path; ; at = dirname(at)) {
    try {
      if (at === path && !(await lstat(at)).isFile())
        return { what: path, state: 'failed', text: 'it is no regular file: name another path' }
      await access(at, constants.W_OK)
      return { what: path, state: 'ok', text: at === path ? 'can be written' : 'can be created' }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && at !== '/') continue
      return { what: path, state: 'failed', text: `"${at}" can not be written: ${messageOf(error)}` }
    }
  }
}
