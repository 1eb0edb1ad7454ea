/** Lines as programs of several languages write them. Times are epoch ms, and stand in them as UTC. */

/** One request through the shop. */
export interface Request {
  readonly at: number
  /** 32 hexadecimal digits. */
  readonly traceId: string
  readonly order: string
  readonly items: number
  readonly total: string
  readonly tookMs: number
}

/** JSON, as agents of MCP write it. */
export function agentLine(at: number, agent: string, level: string, fields: Readonly<Record<string, unknown>>): string {
  const head = { timestamp: iso(at), level, service_name: 'mcp-agent', agent_id: agent, agent_role: 'buyer' }
  return `${JSON.stringify({ ...head, ...fields })}\n`
}

/** The combined format of web servers. */
export function accessLine({ at, tookMs }: Request, status: number, client: number): string {
  const [, day, month, year, time] = new Date(at + tookMs).toUTCString().split(' ')
  const head = `203.0.113.${client} - - [${day}/${month}/${year}:${time} +0000]`
  return `${head} "POST /orders HTTP/1.1" ${status} ${status < 400 ? 512 : 87} "-" "mcp-agent/1.4"\n`
}

/** logfmt. */
export function checkoutLine({ at, traceId, order, items, total, tookMs }: Request, isPaid: boolean): string {
  const head = `time=${iso(at + tookMs)} level=${isPaid ? 'info' : 'error'} service=checkout trace_id=${traceId}`
  const rest = `order=${order} items=${items} total=${total} took=${tookMs}ms`
  return `${head} msg="${isPaid ? 'order placed' : 'order failed: payment refused'}" ${rest}\n`
}

/** Logback. */
export function paymentLine({ at, traceId, order, total }: Request): string {
  return `${commaTime(at)} [exec-${Number(order) % 8}] INFO  com.example.payments.Charges - Charged ${total} for order ${order} trace_id=${traceId}\n`
}

/** Logback, with the stack trace that an exception brings. */
export function paymentFailure({ at, traceId, order }: Request): string {
  return `${commaTime(at)} [exec-${Number(order) % 8}] ERROR com.example.payments.Charges - Cannot charge order ${order} trace_id=${traceId}
java.sql.SQLTransientConnectionException: pool-1 - Connection is not available, request timed out after 30000ms
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)
\tat com.example.payments.Charges.charge(Charges.java:58)
Caused by: java.net.ConnectException: Connection refused: db-1/192.0.2.15:5432
\t... 12 more
`
}

/** Python's `logging`. */
export function stockLine({ at, traceId, items }: Request): string {
  return `${commaTime(at)} - inventory.stock - INFO - Reserved ${items} items trace_id=${traceId}\n`
}

/** Python's `logging`, with a traceback. */
export function stockFailure({ at, traceId }: Request): string {
  return `${commaTime(at)} - inventory.stock - ERROR - Cannot read the stock from the cache, the database is asked trace_id=${traceId}
Traceback (most recent call last):
  File "/srv/inventory/stock.py", line 42, in read
    return cache.get(key, timeout=0.2)
  File "/srv/inventory/cache.py", line 17, in get
    raise CacheTimeout(key)
inventory.cache.CacheTimeout: stock:7
`
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** `2026-11-22 10:00:00,123`. */
function commaTime(at: number): string {
  return iso(at).slice(0, 23).replace('T', ' ').replace('.', ',')
}
