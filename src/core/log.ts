/** The program's own log. Never per row, never with row content, never with secrets. */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

export const silentLog: Log = { info() {}, warn() {}, error() {}, debug() {} }

/** Lets a message through at most once in `everyMs`; the next one that passes says how many were held back. */
export function limited(log: Log, everyMs: number, monotonic: () => number): Log {
  const seen = new Map<string, { at: number; held: number }>()
  const pass =
    (level: keyof Log) =>
    (message: string, fields?: LogFields): void => {
      const now = monotonic()
      const key = `${level} ${message}`
      const last = seen.get(key)
      if (last !== undefined && now - last.at < everyMs) {
        last.held++
        return
      }
      if (seen.size > 1000) seen.clear()
      seen.set(key, { at: now, held: 0 })
      log[level](message, last !== undefined && last.held > 0 ? { ...fields, repeated: last.held } : fields)
    }
  return { info: pass('info'), warn: pass('warn'), error: pass('error'), debug: pass('debug') }
}
