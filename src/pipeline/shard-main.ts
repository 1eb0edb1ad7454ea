import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Log, LogFields } from '../core/log.ts'
import { Whereabouts } from '../inputs/file/whereabouts.ts'
import type { TailRows } from './collector.ts'
import type { AgentReport, FromShard, LogLevel, Question, ShardThread, ToShard } from './messages.ts'
import { PortLink } from './port-link.ts'
import { Shard } from './shard.ts'

/** Entry of the worker thread: joins a Shard to its message port. */
const port = parentPort!
const { start, whereabouts } = workerData as ShardThread

const post = (message: FromShard): void => port.postMessage(message)
const speak =
  (level: LogLevel) =>
  (message: string, fields?: LogFields): void =>
    post({ type: 'log', level, message, fields })
const log: Log = { info: speak('info'), warn: speak('warn'), error: speak('error'), debug: speak('debug') }
const link = new PortLink(post)
const here = new Whereabouts(whereabouts)
here.begin()
const onEnd = (): void => post({ type: 'ended' })
const onRead = (): void => post({ type: 'read' })
const onAgents = (report: AgentReport): void => post({ type: 'agents', report })
const onRows = (tail: number, rows: TailRows): void => post({ type: 'rows', tail, rows })
const shard = new Shard(start, { link, clock: systemClock, log, onEnd, onRead, onAgents, onRows, whereabouts: here })

port.on('message', (message: ToShard) => {
  if ('id' in message) void answer(message)
  else if (message.type === 'durable') link.confirm(message.number, message.writable)
  else if (message.type === 'start') shard.read()
  else if (message.type === 'letters') shard.setLetterBytes(message.bytes)
  else if (message.type === 'forget') shard.meter.forget(message.label, message.name)
  else if (message.type === 'more') shard.tail.more(message.tail)
  else shard.tail.close(message.tail)
})

async function answer(message: Question): Promise<void> {
  try {
    post({ type: 'answer', id: message.id, value: await valueOf(message) })
  } catch (error) {
    post({ type: 'answer', id: message.id, error: messageOf(error) })
  }
}

function valueOf(message: Question): unknown {
  if (message.type === 'drain') return shard.drain(message.withinMs)
  if (message.type === 'change') return shard.change(message.plan)
  if (message.type === 'follow') return shard.follow(message.stored)
  if (message.type === 'replay') return shard.replay(message.output, message.rows)
  if (message.type === 'listen') return shard.tail.open(message.tail, message.wanted)
  return shard[message.what]()
}

await shard.open()
post({ type: 'started' })
