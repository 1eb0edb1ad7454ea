import { systemClock } from '../../core/clock.ts'
import type { Finding, ServerAnswer } from '../../core/probe.ts'
import { withoutReply } from '../lost-answers.ts'
import { Client, type ClientOptions, credentialsOf } from './client.ts'
import { jsonHeaders, ofStatus } from './send.ts'
import { productIn, versionPath } from './server.ts'

/** What one needs to write into a data stream that may not be there yet. */
const needed = ['auto_configure', 'create_doc']

/** Asks one of the nodes for its version, and for what we have the right to. Throws `SendError`. */
export async function askNode(
  endpoint: string,
  options: ClientOptions,
  { stream, signal }: { readonly stream: string; readonly signal: AbortSignal }
): Promise<ServerAnswer> {
  const { user, password } = credentialsOf(options)
  const client = new Client({ ...options, user, password, endpoints: [endpoint] }, systemClock)
  const hasCredentials = options.apiKey + user !== ''
  try {
    const reply = await client
      .request({ method: 'GET', path: versionPath, headers: jsonHeaders, signal })
      .catch(withoutReply)
    // who may only write is known, and is told nothing
    const isUntold = reply.status === 403 && hasCredentials
    if (reply.status !== 200 && !isUntold) throw ofStatus(reply)
    const findings = [
      isUntold ? ({ what: 'version', state: 'ok', text: 'not told to us' } as const) : versionOf(reply.body),
      ...(hasCredentials ? [{ what: 'credentials', state: 'ok', text: 'accepted' } as const] : []),
      ...(await rightsOf(client, stream, signal))
    ]
    return { findings, date: reply.date }
  } finally {
    client.close()
  }
}

function versionOf(body: Buffer): Finding {
  const { name, version } = productIn(body)
  if (version !== undefined) return { what: 'version', state: 'ok', text: `${name} ${version}` }
  return { what: 'version', state: 'failed', text: 'it does not answer as Elasticsearch does: check the address' }
}

/** Asks for our own rights, which everybody may; where there is no security, nobody answers that. */
async function rightsOf(client: Client, stream: string, signal: AbortSignal): Promise<Finding[]> {
  const body = JSON.stringify({ index: [{ names: [stream], privileges: needed }] })
  const path = '/_security/user/_has_privileges'
  const reply = await client.request({ method: 'POST', path, headers: jsonHeaders, body, signal }).catch(withoutReply)
  const rights = reply.status === 200 ? rightsIn(reply.body)?.[stream] : undefined
  if (rights === undefined) return []
  const missing = needed.filter(right => rights[right] !== true).join(' and ')
  if (missing === '') return [{ what: 'rights', state: 'ok', text: `may write to "${stream}"` }]
  const text = `no right to ${missing} in "${stream}": grant it to the user or API key`
  return [{ what: 'rights', state: 'failed', text }]
}

function rightsIn(body: Buffer): Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined {
  try {
    return (JSON.parse(body.toString()) as { index?: Record<string, Record<string, unknown>> } | null)?.index
  } catch {
    return undefined
  }
}
