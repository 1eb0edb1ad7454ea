import { expect, test } from 'vitest'
import { rulesIn } from '../../../src/rules/load.ts'
import { familiesOf, recordedBy } from '../../../src/rules/evaluate/recorded.ts'
import { RuleRun } from '../../../src/rules/evaluate/rule-run.ts'
import { MetricEvaluator } from '../../../src/logql/metrics.ts'
import type { RecordRule } from '../../../src/rules/rule.ts'
import { familiesText } from '../../../src/server/families.ts'

function ruleOf(more = ''): RecordRule {
  const rule = `groups: [{ name: g, rules: [{ record: r, expr: 'sum by (s) (rate({a="b"}[1m]))'${more} }] }]`
  return rulesIn([{ file: 'rules.yaml', text: rule }])[0]!.rules[0] as RecordRule
}

/** What a rule has recorded. */
function runOf(rule: RecordRule, labels: Readonly<Record<string, string>>): RuleRun {
  const query = { query: rule.expr.text, intervalMs: 1000, rememberMs: 0, maxGroups: 1, maxBytes: 1 << 20 }
  const group = { intervalMs: 1000 } as ConstructorParameters<typeof RuleRun>[1]
  const run = new RuleRun(rule, group, { evaluator: new MetricEvaluator(query), alerts: undefined, former: undefined })
  run.recorded = recordedBy(rule, [{ labels, value: 1 }])
  return run
}

test('a label has the name of something that all objects have', () => {
  const runs = [runOf(ruleOf(), { s: 'x' }), runOf(ruleOf(', labels: { constructor: y }'), { s: 'x' })]
  const lines = familiesText(familiesOf(runs), false).split('\n')
  expect(lines.slice(2)).toEqual(['r{constructor="",s="x"} 1', 'r{constructor="y",s="x"} 1', ''])
})

test('a series has the name of its rule, whatever rows say', () => {
  expect(recordedBy(ruleOf(), [{ labels: { __name__: 'up', s: 'x' }, value: 1 }])).toEqual([
    { labels: { s: 'x' }, value: 1 }
  ])
  const two = ['up', 'down'].map(name => ({ labels: { __name__: name, s: 'x' }, value: 1 }))
  expect(() => recordedBy(ruleOf(), two)).toThrow('Two series have the same labels')
})
