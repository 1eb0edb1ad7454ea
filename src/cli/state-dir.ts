import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'

/** Where state goes when neither the command line nor the configuration says so. */
export function defaultStateDir(env: Readonly<Record<string, string | undefined>>): string {
  // The XDG specification: a relative path is to be ignored.
  const base = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : join(env.HOME ?? homedir(), '.local', 'state')
  return join(base, 'mcp-collector')
}

/** The option of every verb that asks a collector: which one is told by its state directory. */
export function withStateDir(command: Command, env: Readonly<Record<string, string | undefined>>): Command {
  return command.option('--state-dir <dir>', 'state directory of the collector', asPath, defaultStateDir(env))
}

export function asPath(text: string): string {
  return resolve(text)
}
