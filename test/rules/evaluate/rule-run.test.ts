import { expect, test } from 'vitest'
import type { MetricEvaluator } from '../../../src/logql/metrics.ts'
import { RuleRun } from '../../../src/rules/evaluate/rule-run.ts'
import { rulesIn } from '../../../src/rules/load.ts'

const text = 'groups: [{ name: g, rules: [{ record: a, expr: vector(1) }, { record: b, expr: vector(2) }] }]'

test('what nobody thought of is a fault of one rule, and ends nothing', () => {
  const [group] = rulesIn([{ file: '/rules.yaml', text }])
  const [rule] = group!.rules
  const broken = {
    at: () => {
      throw new RangeError('too deep')
    }
  } as Partial<MetricEvaluator> as MetricEvaluator
  const run = new RuleRun(rule!, group!, { evaluator: broken, alerts: undefined, former: undefined })
  run.evaluate(5000, () => 0)
  expect(run).toMatchObject({ fault: 'too deep', at: 5000, recorded: [] })
})
