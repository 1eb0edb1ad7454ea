import { defineParser } from '../config/define.ts'
import { parseErrors } from '../core/row.ts'
import { LayoutReader } from './layout.ts'
import { refuse } from './refuse.ts'
import { Words } from './words.ts'

const refused = parseErrors.indexOf('redis')
/** Levels by sign: https://github.com/redis/redis/blob/unstable/src/server.c */
const signs = Buffer.from('.-*#')
const levels = ['debug', 'debug', 'notice', 'warning']

/** Process, role (X sentinel, C child, S replica, M master), time, sign. */
const pattern = String.raw`^(?<pid>\d+):(?<role>[XCSM]) (?<time>\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d+) (?<sign>[.\-*#]) (?<message>.*)$`

/** Reads the log of Redis and Valkey. */
export const redis = defineParser({
  name: 'redis',
  summary: 'Reads the log of Redis and Valkey.',
  options: () => ({}),
  examples: [
    {
      title: 'A line',
      config: '{}',
      input: '7:M 22 Nov 2026 10:00:00.123 * Ready to accept connections tcp',
      output: {
        'process.pid': 7,
        role: 'M',
        time: '22 Nov 2026 10:00:00.123',
        message: 'Ready to accept connections tcp',
        level: 'notice'
      }
    },
    { title: 'Another line stays text', config: '{}', input: 'Redis 8', output: { 'error.type': 'redis' } }
  ],
  create: (_options, { keys }) => {
    const reader = new LayoutReader({ pattern }, keys, ['sign'])
    const words = new Words(levels)
    return {
      parse(batch, from = 0) {
        const level = keys.add('level')
        reader.open()
        words.open()
        for (let row = from; row < batch.rows; row++) {
          if (!reader.read(batch, row)) refuse(batch, row, refused)
          else words.add(batch, row, level, signs.indexOf(batch.bytes[reader.slots[reader.slotOf.sign!]!]!))
        }
      }
    }
  }
})
