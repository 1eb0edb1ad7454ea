import { SendError } from '../core/errors.ts'

/** What a promise brings, which says nothing of rows; rejects at once where the output is closed meanwhile. */
export async function orClosed<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: closed, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(new SendError('Cannot write: the output was closed', 'retry'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([promise, closed])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
