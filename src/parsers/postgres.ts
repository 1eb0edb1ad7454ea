import { defineParser } from '../config/define.ts'
import { type Layout, layoutParser } from './layout.ts'

const time = String.raw`(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z+\-\d:]{3,6})?)`
const words =
  'DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION|BACKTRACE'
const rest = `(?<level>${words}):(?: +(?<message>[^ ].*)?)?$`

/** Usual forms of log_line_prefix: https://www.postgresql.org/docs/current/runtime-config-logging.html */
const layouts: readonly Layout[] = [
  // '%m [%p] ', the default
  { pattern: String.raw`^${time} \[(?<pid>\d+)\] ${rest}` },
  // '%m [%p] %q%u@%d ', that of Debian
  { pattern: String.raw`^${time} \[(?<pid>\d+)\] (?<user>[^ @]+)@(?<database>[^ ]+) ${rest}` },
  // '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ', that of pgBadger
  {
    pattern: String.raw`^${time} \[(?<pid>\d+)\]: \[(?<sequence>\d+)-\d+\] user=(?<user>[^,]*),db=(?<database>[^,]*)(?:,app=(?<application_name>[^,]*))?(?:,client=(?<client>[^ ,]*))? +${rest}`,
    dashesAreNone: true
  }
]

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
