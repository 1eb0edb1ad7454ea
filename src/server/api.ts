import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import type { Log } from '../core/log.ts'
import { messageOf } from '../core/errors.ts'
import { type Caller, denyRows, type Door } from './access.ts'
import type { Collector, Reload } from '../pipeline/collector.ts'
import type { LetterQuery } from '../state/letters.ts'
import { type AccountQuery, accountPage } from './accounts.ts'
import { alertsBody, faultIn, type RuleQuery, rulesBody } from './rules.ts'
import { tailOf } from './tail.ts'

/** Bytes of a request's body. */
const maxBody = 1_048_576
const maxPage = 1000

export interface ApiOptions {
  readonly collector: Collector
  readonly log: Log
  readonly door: Door
  /** The one that counts now. */
  readonly token: () => string | undefined
}

/** The routes behind `/api/v1`. Who may call them was decided before: see access.ts. */
export function createApi({ collector, log, door, token }: ApiOptions): Hono {
  const app = new Hono()
  // Only the owner of the collector is told the cause of a failure.
  const tellCause = door === 'control'
  app.use(bodyLimit({ maxSize: maxBody, onError: c => c.json({ error: 'The body is larger than 1 MiB' }, 413) }))
  app.get('/api/v1/status', async c => c.json(await collector.status()))
  app.get('/api/v1/ledger', async c => c.json(accountPage(await collector.ledgers(), accountQueryOf(c))))
  app.get('/api/v1/dead-letters', async c => c.json(await page(collector, queryOf(c))))
  app.get('/api/v1/dead-letters/:id{[0-9]{1,15}}', async c => {
    const denied = rowsDenied(c)
    if (denied !== undefined) return denied
    const letter = await collector.letters.get(Number(c.req.param('id')))
    if (letter === undefined) return c.json({ error: `There is no dead letter ${c.req.param('id')}` }, 404)
    return c.json({ ...letter, row: letter.row && Buffer.from(letter.row).toString() })
  })
  app.post('/api/v1/dead-letters/replay', async c => {
    const ids = await idsOf(c, collector)
    const missing = await collector.letters.missing(ids)
    return c.json({ ...(await collector.letters.replay(ids)), missing })
  })
  app.delete('/api/v1/dead-letters', async c => {
    const ids = await idsOf(c, collector)
    const missing = await collector.letters.missing(ids)
    return c.json({ dropped: await collector.letters.delete(ids), missing })
  })
  app.get('/api/v1/agents', c => c.json({ agents: collector.agents.list() }))
  app.delete('/api/v1/agents/:id', c => {
    const id = c.req.param('id')
    if (!collector.agents.forget(id)) return c.json({ error: `There is no agent "${id}"` }, 404)
    return c.json({ forgotten: id })
  })
  app.get('/api/v1/rules', c => {
    const query = ruleQueryOf(c)
    const fault = faultIn(query)
    if (fault !== undefined) return c.json({ status: 'error', errorType: 'bad_data', error: fault }, 400)
    return c.json(rulesBody(collector.rules(), query))
  })
  app.get('/api/v1/alerts', c => c.json(alertsBody(collector.rules())))
  app.get('/api/v1/tail', c => rowsDenied(c) ?? tailOf(c, collector))
  app.post('/api/v1/reload', async c => {
    const reload = await collector.reload(door === 'control' ? 'control.sock' : `api ${addressOf(c)}`)
    return c.json(reload, statusOf(reload))
  })
  const rowsDenied = (c: Context): Response | undefined => {
    const denial = denyRows(door, callerOf(c), token())
    if (denial?.status === 401) c.header('www-authenticate', 'Bearer')
    return denial && c.json({ error: denial.error }, denial.status)
  }
  app.notFound(c => c.json({ error: `There is no ${c.req.method} route of this path` }, 404))
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status)
    log.error('Cannot answer a request of the API', { path: c.req.routePath, cause: messageOf(error) })
    return c.json({ error: tellCause ? messageOf(error) : "Cannot answer: the collector's log says why" }, 500)
  })
  return app
}

/** A configuration that is not valid is the caller's mistake. */
function statusOf({ result }: Reload): 200 | 422 | 500 {
  if (result === 'refused') return 422
  return result === 'failed' ? 500 : 200
}

function addressOf(c: Context): string {
  return getConnInfo(c).remote.address ?? 'unknown'
}

function callerOf(c: Context): Caller {
  return { method: c.req.method, host: c.req.header('host'), authorization: c.req.header('authorization') }
}

async function page(collector: Collector, query: LetterQuery): Promise<object> {
  const letters = await collector.letters.list(query)
  const last = letters.at(-1)
  return last !== undefined && letters.length === query.limit ? { letters, next: last.id } : { letters }
}

/** `?output=es&limit=100&before=<next of the page before>`. */
function queryOf(c: Context): LetterQuery {
  const { output, before, limit = '100' } = c.req.query()
  for (const number of [before ?? '1', limit]) {
    if (!isCount(number)) refuse('"before" and "limit" must be positive whole numbers')
  }
  return {
    limit: Math.min(Number(limit), maxPage),
    ...(before !== undefined && { before: Number(before) }),
    ...(output !== undefined && { output })
  }
}

/** `?output=default/es&input=agent&source=/var/log/agent.log&limit=100&after=<next of the page before>`. */
function accountQueryOf(c: Context): AccountQuery {
  const { output, input, source, after, limit = String(maxPage) } = c.req.query()
  if (!isCount(limit)) refuse('"limit" must be a positive whole number')
  return { output, input, source, after, limit: Math.min(Number(limit), maxPage) }
}

/** `?type=alert&rule_name[]=Silent&rule_group[]=agents&file[]=/etc/rules.yaml&exclude_alerts=true`, as in Prometheus. */
function ruleQueryOf(c: Context): RuleQuery {
  return {
    type: c.req.query('type') || undefined,
    names: c.req.queries('rule_name[]') ?? [],
    groups: c.req.queries('rule_group[]') ?? [],
    files: c.req.queries('file[]') ?? [],
    excludesAlerts: c.req.query('exclude_alerts') === 'true'
  }
}

/** The ids that `{"ids": [1, 2]}`, `{"all": true}` or `{"all": true, "output": "es"}` mean. */
async function idsOf(c: Context, collector: Collector): Promise<readonly number[]> {
  const body: unknown = await c.req.json().catch(() => refuse('The body must be JSON'))
  const { ids, all, output } = (body ?? {}) as { ids?: unknown; all?: unknown; output?: unknown }
  if (Array.isArray(ids) && ids.every(isWhole) && all === undefined) return ids
  if (all !== true || ids !== undefined) refuse('The body must have either "ids", a list of numbers, or "all": true')
  if (output !== undefined && typeof output !== 'string') refuse('"output" must be a text')
  return everyId(collector, typeof output === 'string' ? { output } : {})
}

/** Oldest first, so that a replay keeps the order of the rows. */
async function everyId(collector: Collector, filter: { output?: string }): Promise<number[]> {
  const ids: number[] = []
  let before = Number.MAX_SAFE_INTEGER
  for (;;) {
    const letters = await collector.letters.list({ ...filter, before, limit: maxPage })
    for (const letter of letters) ids.push(letter.id)
    if (letters.length < maxPage) return ids.toReversed()
    before = ids.at(-1)!
  }
}

function isCount(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text)
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function refuse(message: string): never {
  throw new HTTPException(400, { message })
}
