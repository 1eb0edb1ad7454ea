import { connect } from 'node:net'
import { http, https } from '../../core/http.ts'
import { readPidFile } from './pid-file.ts'

/** What is looked at. */
export type Check =
  | { readonly type: 'http'; readonly url: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'pid'; readonly pid?: number | undefined; readonly file?: string | undefined }

/** What came of a look. */
export interface Finding {
  /** Empty: all is well. Else why not, in one word. */
  readonly error: string
  /** Of an answer over HTTP. */
  readonly status?: number
}

const good: Finding = { error: '' }
const leastBadStatus = 400

/** Words for what the system says. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ENOTFOUND: 'name_unknown',
  EAI_AGAIN: 'name_unknown',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout'
}

/** Looks once. Never rejects, and resolves soon after the signal. */
export async function look(check: Check, signal: AbortSignal): Promise<Finding> {
  try {
    if (check.type === 'http') return await lookHttp(check.url, signal)
    if (check.type === 'tcp') return await lookTcp(check, signal)
    return await lookPid(check, signal)
  } catch (error) {
    return { error: signal.aborted ? 'timeout' : wordFor(error) }
  }
}

/** What is looked at, as people write it, without a password, and without the query: what stands there may be a key. */
export function targetOf(check: Check): string {
  if (check.type === 'tcp') return `${check.host.includes(':') ? `[${check.host}]` : check.host}:${check.port}`
  if (check.type === 'pid') return check.file ?? String(check.pid)
  const { origin, pathname } = new URL(check.url)
  return origin + pathname
}

/** The first line of the answer is enough: it is not read further, and leads nowhere else. */
function lookHttp(url: string, signal: AbortSignal): Promise<Finding> {
  const { get } = url.startsWith('https:') ? https() : http
  return new Promise((resolve, reject) => {
    const call = get(url, { signal, agent: false, headers: { connection: 'close' } }, response => {
      const { statusCode: status = 0 } = response
      response.destroy()
      resolve({ error: status >= leastBadStatus ? 'status' : '', status })
    })
    call.on('error', reject)
  })
}

function lookTcp(
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal
): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve(good)
    })
  })
}

async function lookPid(check: Extract<Check, { readonly type: 'pid' }>, signal: AbortSignal): Promise<Finding> {
  const { pid, file } = check
  const number = file === undefined ? pid! : await pidIn(file, signal)
  if (typeof number === 'string') return { error: number }
  try {
    process.kill(number, 0)
    return good
  } catch (error) {
    // one of another user is there all the same
    return codeOf(error) === 'EPERM' ? good : { error: 'not_running' }
  }
}

async function pidIn(file: string, signal: AbortSignal): Promise<number | string> {
  try {
    const text = (await readPidFile(file, signal))?.trim() ?? ''
    return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 'pid_file_invalid'
  } catch (error) {
    if (signal.aborted) throw error
    return codeOf(error) === 'ENOENT' ? 'pid_file_missing' : 'pid_file_unreadable'
  }
}

function wordFor(error: unknown): string {
  const code = codeOf(error)
  if (code === undefined) return 'unknown'
  if (/CERT|TLS|SSL|SELF_SIGNED|VERIFY|EPROTO/.test(code)) return 'tls'
  if (code.startsWith('HPE_')) return 'protocol'
  return words[code] ?? code.toLowerCase()
}

/** Where several addresses of a name were tried, that of the first. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
