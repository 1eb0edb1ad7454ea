import { once } from 'node:events'
import { existsSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { join } from 'node:path'
import { ExitError, exitCodes } from '../core/errors.ts'

/** Longest path of a Unix socket: 108 bytes with the closing NUL on Linux, 104 on macOS and the BSDs. */
const maxPathBytes = process.platform === 'linux' ? 107 : 103

/** The socket by which the command line talks to the collector that owns a state directory. */
export function controlPath(stateDir: string): string {
  return join(stateDir, 'control.sock')
}

/** Whether the path fits into a socket's address. */
export function isPossiblePath(path: string): boolean {
  return Buffer.byteLength(path) <= maxPathBytes
}

/** Listens on the socket, for our own user alone. What a killed collector left behind is removed, but only if nobody answers. */
export async function listenOnControl(server: Server, path: string): Promise<void> {
  if (existsSync(path)) {
    if (await answers(path)) throw new ExitError(`Another collector answers on "${path}"`, exitCodes.alreadyRunning)
    unlinkSync(path)
  }
  // The mask is there from the first moment on: `chmod` afterwards would leave a gap.
  const mask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  await once(server, 'listening')
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT' || error.code === 'ENOTSOCK') resolve(false)
      else reject(error)
    })
  })
}
