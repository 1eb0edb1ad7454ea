import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Collector, Tailing, TailRows, TailWanted } from '../pipeline/collector.ts'

/** Without rows something is said so often, ms: who has gone without a word is found out, and nobody takes silence for the end. */
const keepAliveMs = 15_000

/** The route `/api/v1/tail`. */
export async function tailOf(c: Context, collector: Collector): Promise<Response> {
  const wanted = wantedOf(c)
  // Nobody would read the body, or close it.
  if (c.req.method === 'HEAD') return c.body(null)
  const tail = await collector.tail(wanted)
  if ('error' in tail) return c.json(tail, tail.position === undefined ? 429 : 400)
  return c.body(eventStream(tail), 200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
}

/** `?query={level="error"}&format=text&color=true`. */
function wantedOf(c: Context): TailWanted {
  const { query = '', format = 'json', color = 'false' } = c.req.query()
  if (format !== 'json' && format !== 'text') refuse('"format" must be "json" or "text"')
  if (color !== 'true' && color !== 'false') refuse('"color" must be "true" or "false"')
  return { query, format, color: color === 'true' }
}

function refuse(message: string): never {
  throw new HTTPException(400, { message })
}

/** Rows as server-sent events: `data` is a row, an event `left_out` says how many are not shown behind it. It reads no faster than its
 * reader does, and the tail is closed with it. */
function eventStream(tail: Tailing): ReadableStream<Uint8Array> {
  let pending: Promise<TailRows | undefined> | undefined
  return new ReadableStream(
    {
      async pull(controller) {
        pending ??= tail.next()
        const rows = await within(pending, keepAliveMs)
        if (rows === 'late') return controller.enqueue(Buffer.from(':\n\n'))
        pending = undefined
        if (rows === undefined) controller.close()
        else controller.enqueue(Buffer.from(eventsOf(rows)))
      },
      cancel: () => tail.close()
    },
    { highWaterMark: 0 }
  )
}

function eventsOf({ lines, leftOut }: TailRows): string {
  const rows = Buffer.from(lines.buffer, lines.byteOffset, lines.length).toString().split('\n').slice(0, -1)
  const shown = rows.map(row => `data: ${row}\n\n`).join('')
  return leftOut === 0 ? shown : `${shown}event: left_out\ndata: ${leftOut}\n\n`
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  const late = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => late.resolve('late'), ms)
  timer.unref()
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
