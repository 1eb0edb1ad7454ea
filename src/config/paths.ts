import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

/** A path as a configuration file writes it: `~/` is the home directory, the rest is relative to that file. */
export function resolvePath(path: string, file: string, env: Environment): string {
  const full = path === '~' || path.startsWith('~/') ? homeOf(env) + path.slice(1) : path
  return resolve(dirname(file), full)
}

/** Where state goes when nothing else is said. A relative XDG_STATE_HOME is to be ignored, as its specification says. */
export function defaultStateDir(env: Environment): string {
  const { XDG_STATE_HOME: state } = env
  return join(state !== undefined && isAbsolute(state) ? state : join(homeOf(env), '.local', 'state'), 'mcp-collector')
}

function homeOf(env: Environment): string {
  return env.HOME === undefined || env.HOME === '' ? homedir() : env.HOME
}
