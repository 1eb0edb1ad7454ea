import { defineParser } from '../config/define.ts'
import { LogfmtScanner } from '../scan/logfmt.ts'
import { refuse } from './refuse.ts'

/** Reads `key=value` pairs separated by blanks. */
export const logfmt = defineParser({
  name: 'logfmt',
  summary: 'Reads key=value pairs separated by blanks. All values are text; words without a value become true.',
  options: () => ({}),
  examples: [
    {
      title: 'Pairs',
      config: '{}',
      input: 'level=info msg="said \\"no\\"" took=12ms retry',
      output: { level: 'info', msg: 'said "no"', took: '12ms', retry: true }
    },
    {
      title: 'A key that repeats is numbered',
      config: '{}',
      input: 'tag=a tag=b',
      output: { tag: 'a', tag_2: 'b' }
    },
    {
      title: 'A sentence stays text',
      config: '{}',
      input: 'Hello, world',
      output: { 'error.type': 'logfmt' }
    }
  ],
  create(_options, { keys }) {
    const scanner = new LogfmtScanner(keys)
    return {
      parse(batch, from = 0) {
        scanner.open()
        for (let row = from; row < batch.rows; row++) {
          const error = scanner.scan(batch, row, 1)
          if (error !== 0) refuse(batch, row, error)
        }
      }
    }
  }
})
