import { defineParser } from '../config/define.ts'
import { type Layout, layoutParser } from './layout.ts'

const stamp = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?`
/** No two begin alike, so that each byte says which way to go. */
const words =
  'DE(?:BUG[1-5]?|TAIL)|LO(?:G|CATION)|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|HINT|QUERY|CONTEXT|STATEMENT|BACKTRACE'
const rest = `(?<level>${words}):(?: +(?<message>[^ ].*)?)?$`

/** Usual forms of log_line_prefix: https://www.postgresql.org/docs/current/runtime-config-logging.html */
function layoutsWith(time: string): readonly Layout[] {
  const head = String.raw`^(?<time>${time}) \[(?<pid>\d+)\]`
  const session = String.raw`: \[(?<sequence>\d+)-\d+\] user=(?<user>[^,]*),db=(?<database>[^,]*)`
  const app = ',app=(?<application_name>[^,]*)'
  const client = ',client=(?<client>[^ ,]*)'
  return [
    // '%m [%p] ', the default
    { pattern: `${head} ${rest}` },
    // '%m [%p] %q%u@%d ', that of Debian
    { pattern: `${head} (?<user>[^ @]+)@(?<database>[^ ]+) ${rest}` },
    // '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ', that of pgBadger, then with less of it
    { pattern: `${head}${session}${app}${client} +${rest}`, dashesAreNone: true },
    { pattern: `${head}${session}(?:${app})?(?:${client})? +${rest}`, dashesAreNone: true }
  ]
}

/** Nearly all have a zone; it is no part that may be missing, as that is not seen by its first byte. */
const layouts = [String.raw`${stamp} [A-Z+\-\d:]{3,6}`, stamp].flatMap(layoutsWith)

/** Reads the log of PostgreSQL. */
export const postgres = defineParser({
  name: 'postgres',
  summary: 'Reads the log of PostgreSQL on stderr, with usual forms of `log_line_prefix`.',
  options: () => ({}),
  examples: [
    {
      title: 'With user and database',
      config: '{}',
      input: '2026-11-22 10:00:00.123 UTC [4711] shop@orders ERROR:  relation "a" does not exist at character 15',
      output: {
        time: '2026-11-22 10:00:00.123 UTC',
        'process.pid': 4711,
        'user.name': 'shop',
        database: 'orders',
        level: 'ERROR',
        message: 'relation "a" does not exist at character 15'
      }
    },
    { title: 'Another line stays text', config: '{}', input: 'done', output: { 'error.type': 'postgres' } }
  ],
  create: (_options, { keys }) => layoutParser('postgres', layouts, keys)
})
