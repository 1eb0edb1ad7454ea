import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { defineOutput, type OutputContext } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import { SendError, messageOf } from '../core/errors.ts'
import type { Body, Output, Shipment, Verdicts } from '../core/output.ts'
import { type LineEncoder, lineEncoder } from './line-encoder.ts'
import { orClosed } from './or-closed.ts'

const stdoutFd = 1
const formats = ['auto', 'text', 'json'] as const
/** How long to wait for a reader that is slower than we are before looking again. */
const fullPipeMs = 10
/** Resolves when nobody writes: all that goes to standard output goes there one behind the other, or lines would be torn where a pipe is
 * full. */
let turn = Promise.resolve()

export interface StdoutOptions {
  readonly format: (typeof formats)[number]
  readonly color: 'auto' | 'always' | 'never'
}

export const stdout = defineOutput({
  name: 'stdout',
  summary: 'Prints rows: as lines for people on a terminal, else as one ECS document a line.',
  options: t => ({
    format: t
      .choice('Lines for people, JSON documents, or what the reader is: a terminal or not.', formats)
      .default('auto'),
    color: t.choice('Colours in text.', ['auto', 'always', 'never']).default('auto')
  }),
  delivery: { flushMs: 50, batchBytes: 64 * 1024 },
  oneWriter: true,
  examples: [{ title: 'JSON even on a terminal', config: 'format: json' }],
  create: (options, context) => new StdoutOutput(options, context)
})

/** Writes to a file descriptor by itself: in a worker thread `process.stdout` goes through the main thread and says nothing of
 * a full pipe. */
export class StdoutOutput implements Output {
  readonly #encoder: LineEncoder
  readonly #context: OutputContext
  readonly #fd: number

  constructor(options: StdoutOptions, context: OutputContext, fd = stdoutFd) {
    const isTerminal = isatty(fd)
    const isText = options.format === 'text' || (options.format === 'auto' && isTerminal)
    const color = options.color === 'always' || (options.color === 'auto' && isTerminal && !process.env['NO_COLOR'])
    this.#encoder = lineEncoder({ format: isText ? 'text' : 'json', color }, context)
    this.#context = context
    this.#fd = fd
  }

  encode(batch: Batch, body: Body): void {
    this.#encoder.encode(batch, body)
  }

  async send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    const before = turn
    const { promise: written, resolve } = Promise.withResolvers<void>()
    turn = before.then(() => written)
    try {
      await orClosed(before, signal)
      return await this.#write(shipment, signal)
    } finally {
      resolve()
    }
  }

  /** When the reader has gone (`| head`), nobody can say which rows it saw: none of them is delivered. */
  async #write(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    const end = shipment.rowEnds[shipment.rows - 1] ?? 0
    let at = 0
    while (at < end) {
      try {
        at += writeSync(this.#fd, shipment.bytes, at, end - at)
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === 'EAGAIN') await this.#wait(signal)
        else throw faultOf(error, code === 'EPIPE', at > 0)
      }
    }
    return { requestBytes: at }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new SendError('Cannot write to standard output: aborted', 'retry', { unknown: true })
    await new Promise<void>(resolve => this.#context.clock.after(fullPipeMs, resolve))
  }
}

function faultOf(cause: unknown, isReaderGone: boolean, unknown: boolean): SendError {
  if (isReaderGone) return new SendError('Nobody reads standard output any more', 'end', { unknown, cause })
  return new SendError(`Cannot write to standard output: ${messageOf(cause)}`, 'retry', { unknown, cause })
}
