import type { Refusal } from '../../core/output.ts'
import { Verdict } from '../../core/outcome.ts'

/** What to ask for in a reply. With `items.*.status` every item has a part left, so that items keep their index. */
export const bulkFilter =
  'errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.failure_store,error.type,error.reason'

/** With it every item also says where its row went. */
export const indexFilter = `${bulkFilter},items.*._index`

const allCreatedStart = '{"errors":false,"items":['
const created = '{"create":{"status":201}}'
const createdThere = /^\{"create":\{"_index":"([\w.-]+)","status":201\}\}/

/** Faults of the server or of its set-up, not of the row: it is sent again after a pause. The first part is the type of the
 * error, the second what its reason begins with. */
const serverFaults: readonly (readonly [string, string])[] = [
  ['cluster_block_exception', ''],
  ['index_closed_exception', ''],
  ['index_not_found_exception', ''],
  ['security_exception', ''],
  ['invalid_index_name_exception', ''],
  // No room for another shard: cluster.max_shards_per_node.
  ['validation_exception', ''],
  ['illegal_argument_exception', 'pipeline with id ['],
  ['illegal_argument_exception', 'Validation Failed: 1: this action would add']
]

/** What a bulk reply says, row by row. */
export interface BulkResult {
  /** Absent: every row was delivered. */
  readonly verdict?: Uint8Array
  /** Backing index of each row, or the one of all of them; absent where the reply does not say. */
  readonly indices?: string | readonly (string | undefined)[]
  readonly refusals: Map<number, Refusal>
  /** Rows that wait for a person or another system. */
  readonly blocked: Refusal | undefined
  readonly setAside: number
}

interface Item {
  _index?: string
  status?: number
  error?: { type?: string; reason?: string }
  failure_store?: string
}

/** Reads the reply to a request of `rows` rows. Undefined if it is not one: nobody knows then what became of the rows. */
export function readBulkReply(reply: Buffer, rows: number): BulkResult | undefined {
  if (isAllCreated(reply, rows)) return { refusals: new Map(), blocked: undefined, setAside: 0 }
  const index = onlyIndex(reply, rows)
  if (index !== undefined) return { indices: index, refusals: new Map(), blocked: undefined, setAside: 0 }
  const items = itemsOf(reply)
  if (items === undefined || items.length !== rows) return undefined
  const verdict = new Uint8Array(rows)
  const refusals = new Map<number, Refusal>()
  const indices: (string | undefined)[] = []
  let blocked: Refusal | undefined
  let setAside = 0
  for (let row = 0; row < rows; row++) {
    const item = itemOf(items[row])
    if (item?.status === undefined) return undefined
    const refusal = { status: item.status, type: item.error?.type ?? '', reason: item.error?.reason ?? '' }
    const judged = judge(refusal)
    indices.push(item._index)
    verdict[row] = judged === 'blocked' ? Verdict.retry : judged
    if (judged === 'blocked') blocked ??= refusal
    if (judged === Verdict.refused) refusals.set(row, refusal)
    if (judged === Verdict.delivered && item.failure_store === 'used') setAside++
  }
  return { verdict, indices, refusals, blocked, setAside }
}

/** The verdict on one item; `blocked`: the row is good, but somebody has to do something first. */
export function judge(item: Refusal): Verdict | 'blocked' {
  const { status, type, reason } = item
  if (status >= 200 && status < 300) return Verdict.delivered
  if (status === 409) return Verdict.exists
  if (serverFaults.some(([fault, start]) => type === fault && reason.startsWith(start))) return 'blocked'
  if (status === 429 || status >= 500) return Verdict.retry
  if (status === 401 || status === 403 || status === 404) return 'blocked'
  return status >= 400 ? Verdict.refused : Verdict.retry
}

/** The usual case, told by length, beginning and a few samples: nothing is parsed. */
function isAllCreated(reply: Buffer, rows: number): boolean {
  const step = created.length + 1
  if (reply.length !== allCreatedStart.length + rows * step + 1 || rows === 0) return false
  if (reply.latin1Slice(0, allCreatedStart.length) !== allCreatedStart) return false
  for (const row of [0, rows >> 1, rows - 1]) {
    const at = allCreatedStart.length + row * step
    if (reply.latin1Slice(at, at + created.length) !== created) return false
  }
  return true
}

/** The usual case of a reply that says where rows went: all were created in this index. Nothing is parsed. */
function onlyIndex(reply: Buffer, rows: number): string | undefined {
  const start = allCreatedStart.length
  const text = reply.latin1Slice(0, Math.min(reply.length, start + 300))
  if (rows === 0 || !text.startsWith(allCreatedStart)) return undefined
  const [item, index] = createdThere.exec(text.slice(start)) ?? []
  if (item === undefined) return undefined
  const step = item.length + 1
  const end = start + rows * step - 1
  if (reply.length !== end + 2) return undefined
  // each item is like the one before it
  return reply.compare(reply, start, Math.max(start, end - step), Math.min(start + step, end), end) === 0
    ? index
    : undefined
}

function itemsOf(reply: Buffer): unknown[] | undefined {
  try {
    const { items } = JSON.parse(reply.toString()) as { items?: unknown }
    return Array.isArray(items) ? items : undefined
  } catch {
    return undefined
  }
}

function itemOf(item: unknown): Item | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  return Object.values(item)[0] as Item | undefined
}
