import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitted, messageOf } from '../../../src/rules/notify/message.ts'
import { alertOf, ended } from './alerts.ts'

describe('a message', () => {
  const form = { title: undefined, text: undefined }

  it('says what alerts have in common in its title, and the rest in their texts', () => {
    const labels = { alertname: 'A', host: 'h', severity: 'page' }
    const one = alertOf('A', { labels: { ...labels, agent_id: '1' }, annotations: { summary: 's', description: 'd' } })
    const two = alertOf('A', { labels: { ...labels, agent_id: '2' }, annotations: { runbook_url: 'https://r' } })
    expect(messageOf([one, ended(two)], form)).toEqual({
      status: 'firing',
      title: '[FIRING:1] A (host=h severity=page)',
      texts: ['s\nd\nagent_id=1', 'resolved: agent_id=2\nhttps://r']
    })
  })

  it('says something of an alert that has a name only', () => {
    expect(messageOf([alertOf('A')], form)).toEqual({ status: 'firing', title: '[FIRING:1] A', texts: ['alertname=A'] })
  })
})

describe('texts that have to fit', () => {
  it('are whole characters, in no more bytes than there is room for, and say how many are left out', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(texts, fc.integer({ min: 100, max: 2048 }), (texts, maxBytes) => {
        const text = fitted(texts, maxBytes)
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes)
        const whole = texts.join('\n\n')
        if (Buffer.byteLength(whole) <= maxBytes) expect(text).toBe(whole)
        expect(text.includes('\ufffd')).toBe(whole.includes('\ufffd') && text.includes('\ufffd'))
      })
    )
    expect(fitted(['ü'.repeat(100), 'b', 'c'], 101)).toBe(`${'ü'.repeat(30)} …\n\n… and 2 more`)
    expect(fitted(['a', 'ü'.repeat(100)], 101)).toBe('a\n\n… and 1 more')
  })
})
