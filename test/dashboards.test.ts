import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { metrics } from '../src/core/metrics.ts'

interface AlertingRule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: Readonly<Record<string, string>>
}

const text = readFileSync(new URL('../dashboards/prometheus-rules.yaml', import.meta.url), 'utf8')
const { groups } = parse(text) as { groups: readonly { readonly rules: readonly AlertingRule[] }[] }
const rules = groups.flatMap(group => group.rules)

test.each(rules)('$alert goes by metrics that there are, and says what to do', ({ expr, labels, annotations }) => {
  for (const [name] of expr.matchAll(/collector_\w+/g)) expect(Object.keys(metrics)).toContain(name)
  expect(['warning', 'critical']).toContain(labels.severity)
  expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook'])
})
