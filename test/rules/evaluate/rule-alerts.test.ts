import { describe, expect, it } from 'vitest'
import type { StoredAlert } from '../../../src/core/record.ts'
import type { Sample } from '../../../src/logql/evaluate/sample.ts'
import { rulesIn } from '../../../src/rules/load.ts'
import type { AlertRule } from '../../../src/rules/rule.ts'
import { RuleAlerts } from '../../../src/rules/evaluate/rule-alerts.ts'

// Cases of the Alert Generator Compliance Specification of Prometheus, and of its documented behaviour.

const minute = 60_000
const intervalMs = 30_000
const start = Date.UTC(2026, 0, 1)

function ruleOf(more: string): AlertRule {
  const rule = `groups: [{ name: g, rules: [{ alert: A, expr: 'sum by (s) (rate({a="b"}[1m])) > 1', ${more} }] }]`
  const [group] = rulesIn([{ file: 'rules.yaml', text: rule }])
  return group!.rules[0] as AlertRule
}

/** A sample of one series. */
function x(value: number): Sample {
  return { labels: { s: 'x' }, value }
}

/** The alerts of a rule, evaluated twice a minute. */
class Evaluations {
  readonly alerts: RuleAlerts
  at = start
  /** What was told, as `minutes state s=…`. */
  readonly told: string[] = []

  constructor(more = '', from?: Evaluations) {
    this.alerts = new RuleAlerts('rule', ruleOf(more))
    if (from === undefined) return
    this.at = from.at
    for (const one of from.stored.values()) this.alerts.restore(one)
  }

  /** What is kept of it. */
  readonly stored = new Map<string, StoredAlert>()

  /** The next evaluation gives these values of series by their label `s`. Returns the states by that label. */
  next(values: Readonly<Record<string, number>>): Record<string, string> {
    this.at += intervalMs
    this.alerts.update(
      Object.entries(values).map(([s, value]) => ({ labels: { s }, value })),
      this.at
    )
    for (const { labels, state } of this.alerts.due(this.at, intervalMs)) {
      this.told.push(`${(this.at - start) / minute} ${state} ${labels['s']}`)
    }
    for (const change of this.alerts.changes()) {
      if (change.content === '') this.stored.delete(change.labels)
      else this.stored.set(change.labels, change)
    }
    return Object.fromEntries(this.alerts.active.map(({ labels, state }) => [labels['s'], state]))
  }

  times(count: number, values: Readonly<Record<string, number>>): Record<string, string> {
    for (let i = 1; i < count; i++) this.next(values)
    return this.next(values)
  }
}

describe('alerts of a rule', () => {
  it('fire at once without "for", and end when the series is gone', () => {
    const rule = new Evaluations()
    expect(rule.next({ x: 5 })).toEqual({ x: 'firing' })
    expect(rule.next({})).toEqual({})
    expect(rule.told).toEqual(['0.5 firing x', '1 inactive x'])
  })

  it('are pending until "for" is over, to the evaluation, and told from then on', () => {
    const rule = new Evaluations('for: 1m')
    expect(rule.next({ x: 5 })).toEqual({ x: 'pending' })
    expect(rule.next({ x: 5 })).toEqual({ x: 'pending' })
    expect(rule.told).toEqual([])
    expect(rule.next({ x: 5 })).toEqual({ x: 'firing' })
    expect(rule.told).toEqual(['1.5 firing x'])
  })

  it('wait for the next evaluation with a "for" below the interval', () => {
    const rule = new Evaluations('for: 1s')
    expect(rule.next({ x: 5 })).toEqual({ x: 'pending' })
    expect(rule.next({ x: 5 })).toEqual({ x: 'firing' })
  })

  it('that were pending end without a word, and begin anew', () => {
    const rule = new Evaluations('for: 1m')
    rule.times(2, { x: 5 })
    expect(rule.next({})).toEqual({})
    expect(rule.times(2, { x: 5 })).toEqual({ x: 'pending' })
    expect(rule.next({ x: 5 })).toEqual({ x: 'firing' })
    expect(rule.told).toEqual(['3 firing x'])
  })

  it('go by their labels, each for itself', () => {
    const rule = new Evaluations('for: 30s')
    rule.next({ x: 5 })
    expect(rule.next({ x: 5, y: 6 })).toEqual({ x: 'firing', y: 'pending' })
    expect(rule.next({ y: 6 })).toEqual({ y: 'firing' })
  })

  it('are told again a minute later, and for a quarter of an hour behind their end', () => {
    const rule = new Evaluations()
    rule.times(6, { x: 5 })
    expect(rule.told).toEqual(['0.5 firing x', '1.5 firing x', '2.5 firing x'])
    rule.times(40, {})
    const ended = rule.told.slice(3)
    expect(ended).toEqual(Array.from({ length: 15 }, (_, i) => `${3.5 + i} inactive x`))
  })

  it('that fire again soon are new ones, and their end is not told any more', () => {
    const rule = new Evaluations('for: 1m')
    rule.times(3, { x: 5 })
    rule.next({})
    rule.times(2, { x: 5 })
    expect(rule.told).toEqual(['1.5 firing x', '2 inactive x'])
    rule.next({ x: 5 })
    expect(rule.told.slice(2)).toEqual(['3.5 firing x'])
  })

  it('say since when, until when, and how they ended', () => {
    const { alerts } = new Evaluations('for: 30s, annotations: { value: "{{ $value }} of {{ $labels.s }}" }')
    alerts.update([x(1)], start)
    alerts.update([x(2)], start + intervalMs)
    const at = start + 2 * intervalMs
    alerts.update([x(3)], at)
    const firing = alerts.due(at, intervalMs)
    expect(firing).toEqual([
      {
        labels: { alertname: 'A', s: 'x' },
        annotations: { value: '3 of x' },
        state: 'firing',
        value: 3,
        activeAt: start,
        firedAt: start + intervalMs,
        resolvedAt: 0,
        validUntil: at + 4 * minute
      }
    ])
    alerts.update([], at + intervalMs)
    const [ended] = alerts.due(at + intervalMs, 5 * minute)
    expect(ended).toMatchObject({ state: 'inactive', value: 3, firedAt: start + intervalMs })
    expect(ended).toMatchObject({ resolvedAt: at + intervalMs, validUntil: at + intervalMs + 20 * minute })
  })

  it('go on firing for "keep_firing_for" behind the last sample', () => {
    const rule = new Evaluations('keep_firing_for: 1m')
    rule.next({ x: 5 })
    expect(rule.times(2, {})).toEqual({ x: 'firing' })
    expect(rule.next({ x: 5 })).toEqual({ x: 'firing' })
    expect(rule.times(2, {})).toEqual({ x: 'firing' })
    expect(rule.next({})).toEqual({})
  })

  it('do not keep pending ones', () => {
    const rule = new Evaluations('for: 5m, keep_firing_for: 5m')
    rule.next({ x: 5 })
    expect(rule.next({})).toEqual({})
  })

  it('have the labels of the series under those of the rule, its name above all; empty ones are none', () => {
    const { alerts } = new Evaluations(`labels: { s: 'is {{ $labels.s }}', tier: '{{ $labels.none }}', b: c }`)
    alerts.update([{ labels: { alertname: 'other', s: 'x' }, value: 1 }], start)
    expect(alerts.active.map(({ labels }) => JSON.stringify(labels))).toEqual(['{"alertname":"A","b":"c","s":"is x"}'])
  })

  it('are left as they are when two series come to the same labels', () => {
    const { alerts } = new Evaluations('labels: { s: same }')
    alerts.update([x(1)], start)
    const twins = [x(1), { labels: { s: 'y' }, value: 1 }]
    expect(() => alerts.update(twins, start + minute)).toThrow('Two series have the same labels')
    expect(alerts.active.map(({ state, activeAt }) => [state, activeAt])).toEqual([['firing', start]])
  })
})

describe('alerts after a restart', () => {
  it('go on with "for", and fire as if nothing had been', () => {
    const before = new Evaluations('for: 2m')
    before.times(2, { x: 5 })
    const after = new Evaluations('for: 2m', before)
    expect(after.times(2, { x: 5 })).toEqual({ x: 'pending' })
    expect(after.next({ x: 5 })).toEqual({ x: 'firing' })
  })

  it('still fire, since when they did, and are told at once', () => {
    const before = new Evaluations()
    before.next({ x: Infinity })
    const after = new Evaluations('', before)
    expect(after.alerts.due(after.at + 1, intervalMs)).toMatchObject([
      { state: 'firing', value: Infinity, activeAt: before.at, firedAt: before.at, labels: { alertname: 'A', s: 'x' } }
    ])
    expect(after.next({})).toEqual({})
    expect(after.told).toEqual(['1 inactive x'])
  })

  it('tell the end of those that had ended, until that is a quarter of an hour ago', () => {
    const before = new Evaluations()
    before.next({ x: 5 })
    before.next({})
    const after = new Evaluations('', before)
    after.times(40, {})
    expect(after.told.at(0)).toBe('1.5 inactive x')
    expect(after.told.at(-1)).toBe('15.5 inactive x')
    expect(after.stored.size).toBe(0)
  })

  it('keep what they were when their value alone has changed', () => {
    const rule = new Evaluations()
    rule.next({ x: 5 })
    const [first] = rule.stored.values()
    rule.next({ x: 7 })
    expect([...rule.stored.values()]).toEqual([first])
  })
})

/** Names of series that only one evaluation gives. */
function many(round: number): string[] {
  return Array.from({ length: 6000 }, (_, i) => `${round} ${i}`)
}

it('ended alerts are kept, but no more than 10,000 of them: those that ended last', () => {
  const { alerts } = new Evaluations()
  const stored = new Set<string>()
  const told: string[] = []
  const give = (names: readonly string[], at: number): void => {
    alerts.update(
      names.map(s => ({ labels: { s }, value: 2 })),
      at
    )
    const due = alerts.due(at, intervalMs)
    told.push(...due.filter(({ state }) => state === 'inactive').map(({ labels }) => labels['s']!))
    for (const { labels, content } of alerts.changes()) {
      if (content === '') stored.delete(labels)
      else stored.add(labels)
    }
  }
  for (let round = 1; round <= 3; round++) give(['first', ...many(round)], start + round * 1000)
  give([], start + 4000)
  expect(told).toContain('first')
  expect(told.filter(name => name.startsWith('3 '))).toHaveLength(6000)
  expect(stored.size).toBe(10_000)
})
