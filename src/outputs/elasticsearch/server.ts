import { withoutReply } from '../lost-answers.ts'
import type { Client } from './client.ts'
import { jsonHeaders } from './send.ts'

export const versionPath = '/?filter_path=version.number,version.distribution'

/** Who answers, in words for people: `Elasticsearch 9.5.3 at "http://es:9200"`. Keys that may only write are not told the version. */
export async function serverOf(client: Client, signal: AbortSignal): Promise<string> {
  const { status, body, origin } = await client
    .request({ method: 'GET', path: versionPath, headers: jsonHeaders, signal })
    .catch(withoutReply)
  const { name, version } = status === 200 ? productIn(body) : { name: 'Elasticsearch', version: undefined }
  return `${version === undefined ? name : `${name} ${version}`} at "${origin}"`
}

/** What an answer says of the server. */
export function productIn(body: Buffer): { readonly name: string; readonly version: string | undefined } {
  const { number, distribution } = versionIn(body)
  const name = distribution === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'
  return { name, version: typeof number === 'string' ? number.slice(0, 40) : undefined }
}

function versionIn(body: Buffer): { number?: unknown; distribution?: unknown } {
  try {
    return (JSON.parse(body.toString()) as { version?: object }).version ?? {}
  } catch {
    return {}
  }
}
