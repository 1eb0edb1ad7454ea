import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { marksOf, noFile } from './file-marks.ts'
import { reasonOf } from './substitute.ts'
import { readDuration } from './units.ts'

/** What the configuration of the agent beside us says. It is another program's: what it does not say, or says otherwise, is no mistake
 * of ours. */
export interface AgentFile {
  readonly file: string
  /** What it was like: differs where it has changed. */
  readonly marks: string
  /** Why it, or a part of it, is not used, in words. */
  readonly problem?: string
  readonly id?: string
  readonly role?: string
  readonly intervalMs?: number
  /** Absolute. */
  readonly logPath?: string
}

const mostBytes = 1 << 20
const longestText = 256
const shortestMs = 1000
/** In the path of an input these stand for many files: another program names one. */
const magic = /[*?[\]{}]/

const keys = {
  id: ['id', 'agent_id', 'agentId'],
  role: ['role', 'agent_role', 'agentRole'],
  interval: ['heartbeat_interval', 'heartbeatInterval', 'heartbeat.interval'],
  log: ['log_path', 'logPath', 'log_file', 'log.path', 'log.file', 'logging.path', 'logging.file']
}

/** Reads it; also where it is missing or broken. Keys may stand at the top or in `agent`. */
export function readAgentFile(file: string): AgentFile {
  let marks = noFile
  try {
    const stat = statSync(file)
    marks = marksOf(stat)
    if (!stat.isFile()) return { file, marks, problem: 'it is no file' }
    if (stat.size > mostBytes) return { file, marks, problem: 'it is larger than 1 MiB' }
    const content: unknown = parse(readFileSync(file, 'utf8'), { maxAliasCount: 100, logLevel: 'error' })
    return { file, marks, ...understood(dirname(file), content) }
  } catch (error) {
    const isOfSystem = error instanceof Error && 'syscall' in error
    return { file, marks, problem: isOfSystem ? reasonOf(error) : 'it is no YAML' }
  }
}

function understood(folder: string, content: unknown): Omit<AgentFile, 'file' | 'marks'> {
  const id = textAt(content, keys.id)
  const role = textAt(content, keys.role)
  const log = textAt(content, keys.log)
  const interval = valueAt(content, keys.interval)
  if ([id, role, log, interval].every(one => one === undefined)) {
    return { problem: 'it has none of "id", "role", "heartbeat_interval" and "log_path"' }
  }
  const intervalMs = interval === undefined ? undefined : intervalOf(interval)
  const logPath = log === undefined ? undefined : resolve(folder, log)
  const isPattern = logPath !== undefined && magic.test(logPath)
  return {
    ...(id !== undefined && { id }),
    ...(role !== undefined && { role }),
    ...(logPath !== undefined && !isPattern && { logPath }),
    ...(typeof intervalMs === 'number' && { intervalMs }),
    ...(isPattern && { problem: 'its "log_path" is a pattern, and not one file' }),
    ...(typeof intervalMs === 'string' && { problem: `its "heartbeat_interval" is no interval: ${intervalMs}` })
  }
}

/** A bare number is one of seconds. */
function intervalOf(value: unknown): number | string {
  if (typeof value !== 'number' && typeof value !== 'string') return 'expected a text or a number'
  const reading =
    typeof value === 'number' || /^\d+$/.test(value) ? { value: Number(value) * 1000 } : readDuration(value)
  if ('refused' in reading) return reading.refused
  return reading.value >= shortestMs && Number.isFinite(reading.value) ? reading.value : 'it is at least 1s'
}

function textAt(content: unknown, names: readonly string[]): string | undefined {
  const value = valueAt(content, names)
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value).trim()
  return text === '' || text.length > longestText ? undefined : text
}

function valueAt(content: unknown, names: readonly string[]): unknown {
  for (const root of [content, memberOf(content, 'agent')]) {
    for (const name of names) {
      const value = name.split('.').reduce(memberOf, root)
      if (value !== undefined && value !== null) return value
    }
  }
  return undefined
}

function memberOf(value: unknown, name: string): unknown {
  const isMap = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
  return isMap ? (value as Record<string, unknown>)[name] : undefined
}
