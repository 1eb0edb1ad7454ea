import { withoutReply } from '../lost-answers.ts'
import type { Client } from './client.ts'
import { jsonHeaders } from './send.ts'

/** Who answers, in words for people: `Elasticsearch 9.5.3 at "http://es:9200"`. Keys that may only write are not told the version. */
export async function serverOf(client: Client, signal: AbortSignal): Promise<string> {
  const path = '/?filter_path=version.number,version.distribution'
  const { status, body, origin } = await client
    .request({ method: 'GET', path, headers: jsonHeaders, signal })
    .catch(withoutReply)
  const { number, distribution } = status === 200 ? versionIn(body) : {}
  const name = distribution === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'
  return `${typeof number === 'string' ? `${name} ${number.slice(0, 40)}` : name} at "${origin}"`
}

function versionIn(body: Buffer): { number?: unknown; distribution?: unknown } {
  try {
    return (JSON.parse(body.toString()) as { version?: object }).version ?? {}
  } catch {
    return {}
  }
}
