import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import type { Body } from '../core/output.ts'
import { DocumentEncoder } from './elasticsearch/encode.ts'
import { PrettyEncoder } from './pretty.ts'

export interface LineEncoder {
  /** Appends the kept rows, each as a line with its end. */
  encode(batch: Batch, body: Body): void
}

export interface LineOptions {
  /** For people, or as an ECS document each. */
  readonly format: 'text' | 'json'
  /** Colours in text. */
  readonly color: boolean
}

/** Rows as lines, for whoever prints them. */
export function lineEncoder(
  { format, color }: LineOptions,
  { keys, hostName }: { readonly keys: Keys; readonly hostName: string }
): LineEncoder {
  if (format === 'text') return new PrettyEncoder(keys, color)
  return new DocumentEncoder({ schema: 'ecs', namespace: 'default', stream: '', hostName, hasAction: false }, keys)
}
