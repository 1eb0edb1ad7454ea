import type { Command } from 'commander'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { Terminal } from './terminal.ts'

/** What a verb's file exports. */
export interface Verb {
  /** Adds the verb's arguments, options, examples and action. The action calls `finish` with the exit code, once. */
  define(command: Command, terminal: Terminal, finish: (exitCode: number) => void): void
}

/** Examples as they stand at the end of a verb's help. */
export function examples(lines: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(lines).map(line => line.length))
  return ['', 'Examples:', ...Object.entries(lines).map(([line, about]) => `  ${line.padEnd(width)}  ${about}`)].join(
    '\n'
  )
}

/** A mistake in the arguments that only the verb can see. */
export function usage(message: string): ExitError {
  return new ExitError(message, exitCodes.badConfiguration)
}
