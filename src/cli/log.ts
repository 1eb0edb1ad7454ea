import { printable, type Stream } from './terminal.ts'
import type { Log, LogFields } from '../core/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const styles = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const

/** Of messages that could not be written yet; more are dropped. */
const mostHeldBytes = 64 * 1024

/** A log whose level may change while it is used. */
export interface OwnLog extends Log {
  level: LogLevel
}

/** The program's own log on stderr: a line for people on a terminal, JSON for machines elsewhere. */
export async function openLog(level: LogLevel, err: Stream): Promise<OwnLog> {
  return err.isTerminal ? lineLog(level, err) : await jsonLog(level)
}

/** `12:03:04 warn  Cannot read … path=/x`. */
export function lineLog(level: LogLevel, err: Stream): OwnLog {
  const write = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (logLevels.indexOf(at) < logLevels.indexOf(log.level)) return
    const time = err.style('dim', new Date().toTimeString().slice(0, 8))
    err.line(`${time} ${err.style(styles[at], at.padEnd(5))} ${printable(message)}${formatFields(fields, err)}`)
  }
  const log = { level, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  return log
}

async function jsonLog(level: LogLevel): Promise<OwnLog> {
  // Bundled, a CommonJS module that is imported late has nothing but its default export.
  const { default: pino } = await import('pino')
  const destination = pino.destination({ dest: 2, sync: true, maxLength: mostHeldBytes })
  // Where the log goes may be full for a while. What is followed goes on meanwhile, and so does the log when there is room again.
  destination.on('error', () => {})
  destination.on('drop', () => {
    try {
      destination.flushSync()
    } catch {
      // still full: the next line drops as well, and tries again
    }
  })
  const log = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) }
    },
    destination
  )
  const write = (at: LogLevel) => (message: string, fields?: LogFields) => log[at](fields ?? {}, message)
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    get level() {
      return log.level as LogLevel
    },
    set level(level) {
      log.level = level
    }
  }
}

function formatFields(fields: LogFields | undefined, err: Stream): string {
  const known = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)
  return known.map(([name, value]) => ` ${err.style('dim', `${name}=`)}${printable(String(value))}`).join('')
}
