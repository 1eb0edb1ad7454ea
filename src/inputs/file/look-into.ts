import { closeSync, constants, openSync, readvSync } from 'node:fs'
import type { Content } from './content.ts'

/** Opens a file for as long as somebody looks into it. Throws the system's errors; of a pipe, too, which would wait for its writer. */
export function lookInto<T>(path: string, look: (content: Content) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return look({ read: (buffers, position) => readvSync(fd, buffers, position) })
  } finally {
    closeSync(fd)
  }
}
