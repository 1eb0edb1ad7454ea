import { beforeEach, describe, expect, it } from 'vitest'
import { limited, type Log, type LogFields } from '../../src/core/log.ts'

const everyMs = 1000

describe('limited log', () => {
  let now = 0
  let heard: [level: string, message: string, fields: LogFields | undefined][] = []
  let log: Log

  beforeEach(() => {
    now = 0
    heard = []
    const hear =
      (level: string) =>
      (message: string, fields?: LogFields): void =>
        void heard.push([level, message, fields])
    const all: Log = { info: hear('info'), warn: hear('warn'), error: hear('error'), debug: hear('debug') }
    log = limited(all, everyMs, () => now)
  })

  it('lets a message through once in a while, and says how often it was held back', () => {
    for (let i = 0; i < 5; i++) log.warn('Full', { i })
    now = everyMs - 1
    log.warn('Full')
    now = everyMs
    log.warn('Full', { i: 9 })
    log.warn('Full')
    now = 2 * everyMs
    log.warn('Full')
    expect(heard).toEqual([
      ['warn', 'Full', { i: 0 }],
      ['warn', 'Full', { i: 9, repeated: 5 }],
      ['warn', 'Full', { repeated: 1 }]
    ])
  })

  it('holds no other message back, and none of another level', () => {
    log.info('one')
    log.info('two')
    log.error('one')
    log.debug('one')
    expect(heard.map(([level, message]) => `${level} ${message}`)).toEqual([
      'info one',
      'info two',
      'error one',
      'debug one'
    ])
  })

  it('remembers a bounded number of messages', () => {
    for (let i = 0; i < 5000; i++) log.info(`message ${i}`)
    log.info('message 0')
    expect(heard.length).toBe(5001)
  })
})
