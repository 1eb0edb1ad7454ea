import { resolve } from 'node:path'
import type { Command } from 'commander'
import { defaultStateDir, type Environment } from '../config/paths.ts'

/** The option of every verb that asks a collector: which one is told by its state directory. */
export function withStateDir(command: Command, env: Environment): Command {
  return command.option('--state-dir <dir>', 'state directory of the collector', asPath, defaultStateDir(env))
}

export function asPath(text: string): string {
  return resolve(text)
}
