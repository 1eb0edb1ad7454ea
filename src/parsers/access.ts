import { defineParser } from '../config/define.ts'
import { combinedParts, CombinedScanner } from '../scan/combined.ts'
import { fieldsOf, type Layout, layoutParser } from './layout.ts'

/** What stands in quotes; nginx and Apache write others in it as `\x22` and `\"`. */
const text = String.raw`(?:[^"\\]|\\.)*`
const who = String.raw`(?<client>[^ ]+) (?<identity>[^ ]+) (?<user>[^ ]+) \[(?<time>[^\]]+)\]`
const request = String.raw`"(?<message>(?<method>[A-Z]+) (?<url>(?:[^ "\\]|\\.)*) HTTP/(?<version>[0-9.]+))"`
/** Behind the size: referrer and browser, then what an own format adds. */
const rest = String.raw`(?: (?:"(?<referrer>${text})" "(?<agent>${text})"(?: (?<rest1>.*))?|(?<rest2>[^"].*)))?$`
const reply = String.raw`(?<status>\d{3}) (?<bytes>\d+|-)${rest}`

const layouts: readonly Layout[] = [
  { pattern: `^${who} ${request} ${reply}`, dashesAreNone: true },
  // with the virtual host in front, as Apache's vhost_combined has it
  { pattern: String.raw`^(?<vhost>[^ :]+):(?<port>\d+) ${who} ${request} ${reply}`, dashesAreNone: true },
  // no request, or one that is none: bytes of TLS, a scanner's
  { pattern: `^${who} "(?<message>${text})" ${reply}`, dashesAreNone: true },
  { pattern: String.raw`^(?<vhost>[^ :]+):(?<port>\d+) ${who} "(?<message>${text})" ${reply}`, dashesAreNone: true },
  // error log of nginx
  {
    pattern: String.raw`^(?<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?<level>[a-z]+)\] (?<pid>\d+)#(?<tid>\d+): (?:\*(?<connection>\d+) (?<message1>.*)|(?<message2>[^*].*))$`
  },
  // error log of Apache
  {
    pattern: String.raw`^\[(?<time>[A-Z][^\]]+)\] \[(?<module>[^:\]]*):(?<level>[a-z0-9]+)\] \[pid (?<pid>\d+)(?::tid (?<tid>\d+))?\] (?:\[client (?<client>[^\]]+)\] (?<message1>.*)|(?<message2>[^\[].*))$`
  }
]

/** Reads the access and error logs of web servers. */
export const access = defineParser({
  name: 'access',
  summary:
    'Reads access logs (common and combined format) and error logs of nginx and Apache. The message of an access log is the request.',
  options: () => ({}),
  examples: [
    {
      title: 'Combined format',
      config: '{}',
      input:
        '203.0.113.7 - eve [22/Nov/2026:10:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0"',
      output: {
        'source.address': '203.0.113.7',
        'user.name': 'eve',
        time: '22/Nov/2026:10:00:00 +0000',
        message: 'GET /a?b=c HTTP/1.1',
        'http.request.method': 'GET',
        'url.original': '/a?b=c',
        'http.version': '1.1',
        'http.response.status_code': 200,
        'http.response.body.bytes': 512,
        'http.request.referrer': 'https://example.org/',
        'user_agent.original': 'Mozilla/5.0'
      }
    },
    {
      title: 'Error log of nginx',
      config: '{}',
      input: '2026/11/22 10:00:00 [error] 29#31: *5 connect() failed, client: 203.0.113.7',
      output: {
        time: '2026/11/22 10:00:00',
        level: 'error',
        'process.pid': 29,
        'process.thread.id': 31,
        connection: '5',
        message: 'connect() failed, client: 203.0.113.7'
      }
    },
    {
      title: 'Another line stays text',
      config: '{}',
      input: 'nginx: configuration file test is successful',
      output: { 'error.type': 'access' }
    }
  ],
  create: (_options, { keys }) => {
    const others = layoutParser('access', layouts, keys)
    const scanner = new CombinedScanner()
    const fields = fieldsOf(combinedParts, keys, true)
    return {
      parse(batch, from = 0) {
        fields.open()
        others.open()
        for (let row = from; row < batch.rows; row++) {
          if (scanner.scan(batch, row)) fields.addClean(batch, row, scanner.places)
          else others.read(batch, row)
        }
      }
    }
  }
})
