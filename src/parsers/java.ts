import { defineParser } from '../config/define.ts'
import { type Layout, layoutParser, message, time } from './layout.ts'

const level = '(?<level>TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|SEVERE|CONFIG|F(?:ATAL|INE(?:R|ST)?))'
const thread = String.raw`\[(?<thread>[^\]]*)\]`
const logger = String.raw`(?<logger>[^ :\-[][^ :]*)`

/** Forms that patterns of Log4j, Logback, Spring Boot and java.util.logging give, as their documentation and well-known programs have them. */
const layouts: readonly Layout[] = [
  // Spring Boot 3, with the name of the application, then with an id for correlation, then 2 and earlier
  {
    pattern: String.raw`^${time} +${level} (?<pid>\d+) --- \[(?<application>[^\]]*)\] \[ *(?<thread>[^ \]][^\]]*)?\] ${logger} +: ${message}`
  },
  {
    pattern: String.raw`^${time} +${level} (?<pid>\d+) --- \[(?<application>[^\]]*)\] \[ *(?<thread>[^ \]][^\]]*)?\] \[(?<correlation>[^\]]*)\] ${logger} +: ${message}`
  },
  { pattern: String.raw`^${time} +${level} (?<pid>\d+) --- \[ *(?<thread>[^ \]][^\]]*)?\] ${logger} +: ${message}` },
  // %d [%t] %-5p %c - %m
  { pattern: `^${time} ${thread} ${level} +${logger}(?: +-|:) ${message}` },
  // %d %-5p [%t] %c: %m, and without the thread
  { pattern: `^${time} +${level} +(?:${thread} +)?${logger}(?: +-|:) ${message}` },
  // Kafka: [%d] %p %m (%c)
  { pattern: String.raw`^\[${time}\] ${level} (?<message>.*) \((?<logger>[^() ]+)\)(?<stack>\n.*)?$` },
  // ZooKeeper
  {
    pattern: String.raw`^${time} \[myid:(?<myid>[^\]]*)\] - ${level} +\[(?<thread>.*):(?<logger>[^@\]:]+)@(?<line>\d+)\] - ${message}`
  },
  // SimpleFormatter of java.util.logging: two lines
  {
    pattern: String.raw`^(?<time>[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M) (?<logger>[^ \n]+)(?: (?<function>[^ \n]+))?\n${level}: ${message}`
  }
]

/** Reads the lines of Java's logging libraries. */
export const java = defineParser({
  name: 'java',
  summary:
    'Reads lines as usual patterns of Log4j, Logback, Spring Boot and java.util.logging give them. Stack traces need `multiline`.',
  options: () => ({}),
  examples: [
    {
      title: 'Log4j, Logback',
      config: '{}',
      input: '2026-11-22 10:00:00,123 [main] WARN  com.example.Pool - Pool is full',
      output: {
        time: '2026-11-22 10:00:00,123',
        'process.thread.name': 'main',
        level: 'WARN',
        'log.logger': 'com.example.Pool',
        message: 'Pool is full'
      }
    },
    {
      title: 'Spring Boot',
      config: '{}',
      input: '2026-11-22T10:00:00.123Z  INFO 7 --- [shop] [  main] c.e.Shop : Started',
      output: {
        time: '2026-11-22T10:00:00.123Z',
        level: 'INFO',
        'process.pid': 7,
        application: 'shop',
        'process.thread.name': 'main',
        'log.logger': 'c.e.Shop',
        message: 'Started'
      }
    },
    { title: 'Another line stays text', config: '{}', input: 'Started in 3 s', output: { 'error.type': 'java' } }
  ],
  create: (_options, { keys }) => layoutParser('java', layouts, keys)
})
