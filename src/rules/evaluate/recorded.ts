import type { Family } from '../../core/families.ts'
import { EvaluationFault } from '../../logql/evaluate/binary.ts'
import type { Labels, Sample } from '../../logql/evaluate/sample.ts'
import type { RecordRule } from '../rule.ts'
import type { RuleRun } from './rule-run.ts'

/** Samples as a rule records them. Throws `EvaluationFault` where two series come to the same labels. */
export function recordedBy({ labels }: RecordRule, samples: readonly Sample[]): Sample[] {
  // the name of a series is that of its rule
  const own = { ...Object.fromEntries(labels), __name__: '' }
  const recorded = samples.map(sample => ({ labels: sorted({ ...sample.labels, ...own }), value: sample.value }))
  if (new Set(recorded.map(one => JSON.stringify(one.labels))).size === recorded.length) return recorded
  throw new EvaluationFault('Two series have the same labels once the rule has set its own')
}

/** What rules have recorded last, as metrics. */
export function familiesOf(rules: readonly RuleRun[]): Family[] {
  const records = rules.filter(({ rule, recorded }) => rule.kind === 'record' && recorded.length > 0)
  return [...Map.groupBy(records, ({ rule }) => rule.name)].map(([name, own]) => {
    const samples = own.flatMap(({ recorded, at }) => recorded.map(sample => ({ ...sample, at })))
    const labels = [...new Set(samples.flatMap(one => Object.keys(one.labels)))].toSorted((a, b) => (a < b ? -1 : 1))
    const series = samples.map(one => ({
      // an empty label is none
      values: labels.map(label => (Object.hasOwn(one.labels, label) ? one.labels[label]! : '')),
      value: one.value,
      counts: [],
      exemplars: [],
      readAt: one.at
    }))
    return { name, help: 'Recorded by a rule', type: 'gauge', labels, bounds: [], series }
  })
}

/** Empty labels are none. */
function sorted(labels: Labels): Labels {
  const kept = Object.entries(labels).filter(([, value]) => value !== '')
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
