import { defineParser } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import type { Keys } from '../core/keys.ts'
import { parseErrors } from '../core/row.ts'
import { type Layout, LayoutReader } from './layout.ts'
import { refuse } from './refuse.ts'
import { StructuredData } from './structured-data.ts'
import { Words } from './words.ts'

const refused = parseErrors.indexOf('syslog')
/** By number. */
const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']
/** Facility 23, severity 7. */
const highestPriority = 191

/** RFC 5424. A byte order mark may stand before the message. */
const modern: Layout = {
  pattern: String.raw`^<(?<priority>\d{1,3})>1 (?<time>[^ ]+) (?<hostname>[^ ]+) (?<appname>[^ ]+) (?<procid>[^ ]+) (?<msgid>[^ ]+) (?<data>-|(?:\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])+)(?: (?<message>.*))?$`,
  dashesAreNone: true
}
/** As programs send it, and as files have it: without a priority, with the time of RFC 3339. */
const head = String.raw`^(?:<(?<priority>\d{1,3})>)?(?<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[^ ]+) `
const host = String.raw`(?<hostname>[^ :\[]+(?::+[^ :]+)*)`
const tagged = String.raw`(?<appname>[^ :\[]+)(?:\[(?<procid>[^\]]*)\])?:(?: (?<message1>.*)|(?<message2>[^ ].*)?)$`
/** RFC 3164. */
const traditional: readonly Layout[] = [
  { pattern: `${head}${host} ${tagged}` },
  { pattern: `${head}${tagged}` },
  { pattern: `${head}${host} (?<message>.*)$` }
]

/** Reads the messages of syslog. */
export const syslog = defineParser({
  name: 'syslog',
  summary:
    'Reads messages of syslog as RFC 5424 (with structured data) and RFC 3164 have them (the year is inferred), also without a priority, as files have them.',
  options: () => ({}),
  examples: [
    {
      title: 'RFC 5424',
      config: '{}',
      input: '<165>1 2026-11-22T10:00:00.003Z db-1 app 7 ID47 [origin@32473 ip="192.0.2.1"] An event',
      output: {
        'log.syslog.priority': 165,
        time: '2026-11-22T10:00:00.003Z',
        'log.syslog.hostname': 'db-1',
        'log.syslog.appname': 'app',
        'log.syslog.procid': '7',
        'log.syslog.msgid': 'ID47',
        message: 'An event',
        level: 'notice',
        'log.syslog.structured_data.origin@32473.ip': '192.0.2.1'
      }
    },
    {
      title: 'A line of /var/log/syslog',
      config: '{}',
      input: 'Nov 22 10:00:00 db-1 sshd[811]: Accepted publickey for eve',
      output: {
        time: 'Nov 22 10:00:00',
        'log.syslog.hostname': 'db-1',
        'log.syslog.appname': 'sshd',
        'log.syslog.procid': '811',
        message: 'Accepted publickey for eve'
      }
    },
    { title: 'Another line stays text', config: '{}', input: 'Accepted', output: { 'error.type': 'syslog' } }
  ],
  create: (_options, { keys }) => {
    const reader = new SyslogReader(keys)
    return {
      parse(batch, from = 0) {
        reader.open()
        for (let row = from; row < batch.rows; row++) if (!reader.read(batch, row)) refuse(batch, row, refused)
      }
    }
  }
})

class SyslogReader {
  readonly #keys: Keys
  readonly #modern: LayoutReader
  readonly #traditional: readonly LayoutReader[]
  readonly #data: StructuredData
  readonly #words = new Words(severities)
  #level = 0

  constructor(keys: Keys) {
    this.#keys = keys
    this.#modern = new LayoutReader(modern, keys, ['data'])
    this.#traditional = traditional.map(layout => new LayoutReader(layout, keys))
    this.#data = new StructuredData(keys)
  }

  open(): void {
    this.#words.open()
    this.#modern.open()
    for (const reader of this.#traditional) reader.open()
    this.#level = this.#keys.add('level')
  }

  read(batch: Batch, row: number): boolean {
    if (this.#modern.find(batch, row)) {
      const { slots } = this.#modern
      passByteOrderMark(batch, slots, this.#modern.slotOf.message!)
      this.#modern.add(batch, row)
      this.#addLevel(batch, row, this.#modern)
      const data = this.#modern.slotOf.data!
      this.#data.add(batch, row, slots[data]!, slots[data + 1]!)
      return true
    }
    for (const reader of this.#traditional) {
      if (!reader.read(batch, row)) continue
      this.#addLevel(batch, row, reader)
      return true
    }
    return false
  }

  #addLevel(batch: Batch, row: number, { slots, slotOf }: LayoutReader): void {
    const at = slots[slotOf.priority!]!
    if (at < 0) return
    let priority = 0
    for (let i = at; i < slots[slotOf.priority! + 1]!; i++) priority = priority * 10 + batch.bytes[i]! - 0x30
    if (priority <= highestPriority) this.#words.add(batch, row, this.#level, priority & 7)
  }
}

/** U+FEFF says that the message is UTF-8. */
function passByteOrderMark({ bytes }: Batch, slots: Int32Array, message: number): void {
  const at = slots[message]!
  if (at < 0 || slots[message + 1]! - at < 3) return
  if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) slots[message] = at + 3
}
