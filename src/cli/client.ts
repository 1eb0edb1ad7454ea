import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { ExitError, exitCodes } from '../core/errors.ts'
import { controlPath, isPossiblePath } from '../server/control.ts'
import { http } from '../core/http.ts'

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

export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** Asks the collector that runs on the state directory; undefined when none does. What it refuses is an `ExitError`. */
export async function ask<T>(stateDir: string, question: Ask): Promise<T | undefined> {
  const reply = await reach(stateDir, path => send(path, question).then(replyOf))
  if (reply === undefined || reply.status === 200 || question.accept?.includes(reply.status)) {
    return reply?.body as T | undefined
  }
  const said = (reply.body as { error?: string }).error ?? `status ${reply.status}`
  throw new ExitError(`The collector answered: ${said}`, exitCodes.failed)
}

/** Asks for what is text, as `/metrics`; undefined where no collector runs. */
export function askText(stateDir: string, path: string): Promise<string | undefined> {
  return reach(stateDir, socketPath => send(socketPath, { path }).then(text))
}

/** Asks for server-sent events: the answer that brings them (see `eventsOf`), or what it says where it is another one; undefined where no
 * collector runs. */
export function listen(stateDir: string, path: string): Promise<IncomingMessage | Reply | undefined> {
  return reach(stateDir, async socketPath => {
    const response = await send(socketPath, { path })
    return response.statusCode === 200 ? response : replyOf(response)
  })
}

export interface ServerEvent {
  readonly name: string
  readonly data: string
}

/** Ends with the answer; throws where the connection broke. Data is one line each. */
export async function* eventsOf(response: IncomingMessage): AsyncGenerator<ServerEvent> {
  let rest = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop()!
    for (const part of parts) {
      const [, name = '', data] = /^(?:event: (.*)\n)?data: (.*)$/.exec(part) ?? []
      if (data !== undefined) yield { name, data }
    }
  }
}

/** The sentence for verbs that need a running collector. */
export function notRunning(stateDir: string): ExitError {
  return new ExitError(
    `No collector runs on "${stateDir}": start one with "mcp-collector run", or name its --state-dir`,
    exitCodes.failed
  )
}

/** Undefined where nobody listens. */
async function reach<T>(stateDir: string, call: (socketPath: string) => Promise<T>): Promise<T | undefined> {
  const path = controlPath(stateDir)
  if (!isPossiblePath(path)) throw new ExitError(`Cannot reach "${path}": the path is too long`, exitCodes.failed)
  try {
    return await call(path)
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return undefined
    const why = reasons[code] ?? message
    throw new ExitError(`Cannot reach the collector at "${path}": ${why}`, exitCodes.failed, cause)
  }
}

async function replyOf(response: IncomingMessage): Promise<Reply> {
  return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) }
}

function send(socketPath: string, { method = 'GET', path, body }: Ask): Promise<IncomingMessage> {
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
    const call = http.request({ socketPath, path, method, headers, timeout: timeoutMs }, resolve)
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)))
    call.on('error', reject)
    call.end(content)
  })
}
