import { defineParser } from '../config/define.ts'
import { type Layout, layoutParser, message, stamp, time } from './layout.ts'

const level = '(?<level>DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL|NOTSET)'
const logger = String.raw`(?<logger>[A-Za-z_][\w.\-]*)`
/** Behind what is padded. */
const padded = ' +(?<message>[^ ].*)?$'

/** Forms of `logging`: its defaults, those of its documentation, and of well-known programs. */
const layouts: readonly Layout[] = [
  // logging.basicConfig()
  { pattern: `^${level}:(?<logger>[A-Za-z_][^: ]*):${message}` },
  // %(asctime)s - %(name)s - %(levelname)s - %(message)s
  { pattern: `^${time} - ${logger} - ${level} - ${message}` },
  // %(asctime)s %(name)-12s %(levelname)-8s %(message)s
  { pattern: `^${time} +${logger} +${level}${padded}` },
  // %(asctime)s %(levelname)s %(name)s: %(message)s, with brackets too
  { pattern: String.raw`^${time} ${level} +${logger}(?::| -) ${message}` },
  { pattern: String.raw`^${time} \[${level}\] ${logger}: ${message}` },
  // without a logger: %(asctime)s [%(levelname)s] %(message)s, %(asctime)s - %(levelname)s - %(message)s
  { pattern: String.raw`^${time} \[${level}\] ${message}` },
  { pattern: `^${time} - ${level} - ${message}` },
  // Gunicorn
  { pattern: String.raw`^\[(?<time>${stamp} [+\-]\d{4})\] \[(?<pid>\d+)\] \[${level}\] ${message}` },
  // Celery
  { pattern: String.raw`^\[${time}: ${level}/(?<process>[^\]]+)\] ${message}` },
  // Uvicorn
  { pattern: `^${level}:${padded}` }
]

/** Reads the lines of Python's logging. */
export const python = defineParser({
  name: 'python',
  summary:
    "Reads lines as usual formats of Python's `logging` give them, with Gunicorn's, Celery's and Uvicorn's. Tracebacks need `multiline`.",
  options: () => ({}),
  examples: [
    {
      title: 'The format of the documentation',
      config: '{}',
      input: '2026-11-22 10:00:00,123 - shop.cart - ERROR - no such item',
      output: { time: '2026-11-22 10:00:00,123', 'log.logger': 'shop.cart', level: 'ERROR', message: 'no such item' }
    },
    {
      title: 'The default',
      config: '{}',
      input: 'WARNING:root:Watch out!',
      output: { level: 'WARNING', 'log.logger': 'root', message: 'Watch out!' }
    },
    { title: 'Another line stays text', config: '{}', input: 'Watch out!', output: { 'error.type': 'python' } }
  ],
  create: (_options, { keys }) => layoutParser('python', layouts, keys)
})
