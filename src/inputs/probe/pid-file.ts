import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { hungThreads } from '../../core/hung-threads.ts'

const longestPid = 32

/** Reads of which there is no answer yet, by file. On a mount that hangs there may never be one, and each of them holds a thread: there is
 * one for a file. */
const underWay = new Map<string, Promise<string | undefined>>()

/** The beginning of a regular file; undefined where it is none. Rejects as soon as the signal says so. */
export function readPidFile(
  file: string,
  signal: AbortSignal,
  read: (file: string) => Promise<string | undefined> = beginningOf
): Promise<string | undefined> {
  let answer = underWay.get(file)
  if (answer === undefined) {
    const asked = read(file).finally(() => {
      underWay.delete(file)
      hungThreads.delete(asked)
    })
    asked.catch(() => undefined)
    underWay.set(file, (answer = asked))
  }
  return withSignal(answer, signal)
}

function withSignal<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      hungThreads.add(answer)
      reject(new Error('no answer'))
    }
    if (signal.aborted) return giveUp()
    signal.addEventListener('abort', giveUp)
    void answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** The file is another program's, and a pipe in its place would have us wait for ever. */
async function beginningOf(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await file.stat()).isFile()) return undefined
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longestPid), 0, longestPid)
    return buffer.latin1Slice(0, bytesRead)
  } finally {
    await file.close()
  }
}
