import { text } from 'node:stream/consumers'
import { ExitError, exitCodes } from '../core/errors.ts'
import { controlPath, isPossiblePath } from '../server/control.ts'
import { http } from '../core/http.ts'
import { printable } from './terminal.ts'

const timeoutMs = 60_000
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'it belongs to another user',
  ECONNRESET: 'it ended before it answered',
  EPIPE: 'it ended before it answered'
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** Answers besides 200 that are no error. */
  readonly accept?: readonly number[]
}

interface Reply {
  readonly status: number
  readonly body: unknown
}

/** Asks the collector that runs on the state directory; undefined when none does. What it refuses is an `ExitError`. */
export async function ask<T>(stateDir: string, question: Ask): Promise<T | undefined> {
  const path = controlPath(stateDir)
  if (!isPossiblePath(path)) throw new ExitError(`Cannot reach "${path}": the path is too long`, exitCodes.failed)
  const reply = await exchange(path, question).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') return undefined
    throw new ExitError(
      `Cannot reach the collector at "${path}": ${reasons[error.code ?? ''] ?? error.message}`,
      exitCodes.failed,
      error
    )
  })
  if (reply === undefined || reply.status === 200 || question.accept?.includes(reply.status)) {
    return reply?.body as T | undefined
  }
  const said = (reply.body as { error?: string }).error ?? `status ${reply.status}`
  throw new ExitError(`The collector answered: ${printable(said)}`, exitCodes.failed)
}

/** The sentence for verbs that need a running collector. */
export function notRunning(stateDir: string): ExitError {
  return new ExitError(
    `No collector runs on "${stateDir}": start one with "mcp-collector run", or name its --state-dir`,
    exitCodes.failed
  )
}

function exchange(socketPath: string, { method = 'GET', path, body }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const content = body === undefined ? '' : JSON.stringify(body)
    const length = Buffer.byteLength(content)
    // Without the length Node.js sends the body of a DELETE unframed.
    const headers = {
      host: 'localhost',
      connection: 'close',
      'content-type': 'application/json',
      'content-length': length
    }
    const call = http.request({ socketPath, path, method, headers, timeout: timeoutMs }, response => {
      const status = response.statusCode ?? 0
      text(response)
        .then(reply => resolve({ status, body: JSON.parse(reply) }))
        .catch(reject)
    })
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    call.on('error', reject)
    call.end(content)
  })
}
