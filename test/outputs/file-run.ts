import { readFileSync, statSync } from 'node:fs'
import type { OutputContext } from '../../src/config/define.ts'
import type { Output, Shipment, Verdicts } from '../../src/core/output.ts'
import { file } from '../../src/outputs/file/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { newContext } from './context.ts'
import { newBatch, newBody, shipmentOf } from './rows.ts'

export const never = new AbortController().signal

/** An output of one run: what it notes stays for the next. */
export class FileRun {
  readonly output: Output

  constructor(
    path: string,
    options: object = {},
    context: Partial<OutputContext> = {},
    notes = new Map<string, string>()
  ) {
    const given = { path, format: 'raw', ...options }
    this.output = file.create(optionsOf(file, given), newContext(notes, context)) as Output
  }

  shipment(lines: readonly string[], from = 0, more: Partial<Shipment> = {}): Shipment {
    const { batch } = newBatch(lines.map(line => ({ line })))
    for (let row = 0; row < batch.rows; row++) batch.positions[row]! += from
    const body = newBody()
    this.output.encode(batch, body)
    return shipmentOf(body, more)
  }

  send(lines: readonly string[], from = 0, more: Partial<Shipment> = {}): Promise<Verdicts> {
    return this.output.send(this.shipment(lines, from, more), never)
  }

  /** The same rows as an earlier run may have sent them. */
  sendAgain(lines: readonly string[], from = 0): Promise<Verdicts> {
    return this.send(lines, from, { mayRepeat: new Uint8Array(lines.length).fill(1) })
  }
}

export function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}

export function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}
