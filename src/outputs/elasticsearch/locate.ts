import { SendError } from '../../core/errors.ts'
import type { Shipment } from '../../core/output.ts'
import type { Reply } from '../../core/http-client.ts'
import { withoutReply } from '../lost-answers.ts'
import type { Client } from './client.ts'
import { saltedId } from '../row-id.ts'
import { idOf, streamOf } from './rows.ts'
import { jsonHeaders, ofStatus } from './send.ts'

const idsPerRequest = 5000
const maxReply = 16 << 20

interface Where {
  /** Data stream of rows that name none. */
  readonly stream: string
  readonly signal: AbortSignal
}

/** The backing indices in which rows stand, of those rows that do not stand in exactly one. A row counts also under its second id,
 * which it has where another row had the first. */
export async function locate(
  client: Client,
  shipment: Shipment,
  { stream, signal }: Where
): Promise<ReadonlyMap<number, readonly string[]>> {
  const strange = new Map<number, readonly string[]>()
  const all = Array.from({ length: shipment.rows }, (_, row) => row)
  for (const [name, rows] of Map.groupBy(all, row => streamOf(shipment, row) ?? stream)) {
    const indices = await backingIndices(client, name, signal)
    const places = new Map<number, string[]>(rows.map(row => [row, []]))
    await look(client, { indices, places, signal }, row => idOf(shipment, row))
    const missing = new Map([...places].filter(([, found]) => found.length === 0))
    await look(client, { indices, places: missing, signal }, row => saltedId(idOf(shipment, row)))
    for (const [row, found] of places) if (found.length !== 1) strange.set(row, found)
  }
  return strange
}

interface Search {
  readonly indices: readonly string[]
  /** By row; what is found is added. */
  readonly places: ReadonlyMap<number, string[]>
  readonly signal: AbortSignal
}

async function look(client: Client, { indices, places, signal }: Search, id: (row: number) => string): Promise<void> {
  const rows = [...places.keys()]
  for (let from = 0; from < rows.length; from += idsPerRequest) {
    const part = rows.slice(from, from + idsPerRequest)
    const body = JSON.stringify({ ids: part.map(id) })
    for (const index of indices) {
      const path = `/${encodeURIComponent(index)}/_mget?_source=false&filter_path=docs.found`
      const request = { method: 'POST', path, headers: jsonHeaders, body, maxReply, signal } as const
      const reply = await client.request(request).catch(withoutReply)
      // Deleted since it was listed: then nothing stands there.
      if (reply.status === 404) continue
      const { docs = [] } = parsed(reply) as { docs?: { found?: boolean }[] }
      if (docs.length !== part.length) throw new SendError(`Cannot read the reply of "${reply.origin}"`, 'retry')
      for (const [i, row] of part.entries()) if (docs[i]!.found === true) places.get(row)!.push(index)
    }
  }
}

/** None where the data stream does not exist. */
async function backingIndices(client: Client, stream: string, signal: AbortSignal): Promise<readonly string[]> {
  const path = `/_data_stream/${stream}?filter_path=data_streams.indices.index_name`
  const reply = await client.request({ method: 'GET', path, headers: jsonHeaders, signal }).catch(withoutReply)
  if (reply.status === 404) return []
  const { data_streams } = parsed(reply) as { data_streams?: { indices?: { index_name: string }[] }[] }
  return data_streams?.[0]?.indices?.map(index => index.index_name) ?? []
}

function parsed(reply: Reply): unknown {
  if (reply.status === 403) {
    const needs = 'to compare, the user or API key needs the rights "read" and "view_index_metadata" on the data stream'
    throw new SendError(`Cannot ask "${reply.origin}": status 403, ${needs}`, 'pause', { status: 403 })
  }
  if (reply.status !== 200) throw ofStatus(reply)
  return JSON.parse(reply.body.toString())
}
