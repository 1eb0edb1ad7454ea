import { expect, test } from 'vitest'
import { Keys } from '../../src/core/keys.ts'
import { MetricCollector } from '../../src/logql/metrics.ts'
import { QueryFault } from '../../src/logql/syntax.ts'

function faultOf(query: string): QueryFault | undefined {
  try {
    void new MetricCollector([{ query, intervalMs: 5000, rememberMs: 0, maxGroups: 10, maxBytes: 1000 }], new Keys())
    return undefined
  } catch (error) {
    if (error instanceof QueryFault) return error
    throw error
  }
}

/** The mistake stands behind the "→". */
const broken: readonly (readonly [query: string, message: RegExp])[] = [
  ['→', /empty/],
  ['→{a="b"}', /selects rows: expected numbers/],
  ['→{a="b"} > 5', /selects rows: expected numbers/],
  ['{a="b"}→[5m]', /Cannot read "\["/],
  ['→topk(5, rate({a="b"}[1m]))', /"topk" is not supported: series would come and go by their rank/],
  ['1 < →bottomk(5, rate({a="b"}[1m]))', /"bottomk" is not supported/],
  ['→sort_desc(rate({a="b"}[1m]))', /"sort_desc" is not supported: series have no order/],
  ['sum(→label_replace(rate({a="b"}[1m]), "a", "b", "c", "d"))', /"label_replace" is not supported: use the stage/],
  ['→rate_counter({a="b"} | unwrap c [1m])', /"rate_counter" is not supported: a counter that starts over/],
  ['approx_count_distinct(rate→({a="b"}[1m]))', /not supported/],
  ['→quantile(0.9, rate({a="b"}[1m]))', /"quantile" is not known: expected a function/],
  ['→Rate({a="b"}[5m])', /"Rate" is not known/],
  ['→sum(rate)', /./],
  ['→sum({a="b"})', /"sum" takes series, not rows/],
  ['sum(→1)', /"sum" takes series, not a number/],
  ['sum(→5, rate({a="b"}[5m]))', /"sum" takes no number/],
  ['→-rate({a="b"}[5m])', /A minus stands before numbers only/],
  ['vector(→-1)', /expected a number/],
  ['rate({a="b"}→)', /expected a range, as \[5m\]/],
  ['rate({a="b"}[→5])', /expected a duration, as \[5m\]/],
  ['rate({a="b"}[5m→', /A "\(" has no "\)"/],
  ['sum(rate({a="b"}[1m])→', /A "\(" has no "\)"/],
  ['rate(→{}[5m])', /at least one label/],
  ['rate({a="→b}[5m])', /./],
  ["rate({a=→'b'}[5m])", /double quotes or backticks/],
  ['rate({a="b"}[→0s])', /longer than nothing/],
  ['rate({a="b"}[→1500us])', /whole milliseconds/],
  ['rate({a="b"}[→99999999999999999999y])', /at most 10y/],
  ['rate({a="b"}[1m] offset →11y)', /at most 10y/],
  ['rate({a="b"}[1m] offset →-5m)', /rows to come are not known/],
  ['rate({a="b"}[1m] offset→)', /expected a duration, as offset 1h/],
  ['rate({a="b"}[5m])→[1h:1m]', /Cannot read "\["/],
  ['rate({a="b"}[5m] →@ 12)', /Cannot read "@"/],
  ['rate(→0.5, {a="b"}[5m])', /"rate" takes no number/],
  ['→quantile_over_time({a="b"} | unwrap c [1m])', /Which quantile is missing/],
  ['quantile_over_time(→1.5, {a="b"} | unwrap c [1m])', /between 0 and 1/],
  ['quantile_over_time(→-0.5, {a="b"} | unwrap c [1m])', /Cannot read "-"/],
  ['rate({a="b"} | unwrap →[5m])', /expected a label/],
  ['rate({a="b"} | unwrap c →|= "x" [1m])', /expected a range/],
  ['count_over_time({a="b"} →| unwrap c [5m])', /"count_over_time" counts, and takes no values/],
  ['sum_over_time({a="b"}[5m]→)', /"sum_over_time" needs values: expected \| unwrap/],
  ['sum_over_time({a="b"} | unwrap c [5m]) →by (x)', /"sum_over_time" does not group: write sum by/],
  ['absent_over_time({a="b"}[5m]) →by (x)', /does not group/],
  ['sum by (a →(rate({a="b"}[1m]))', /expected labels in parentheses/],
  ['sum by (a→.b) (rate({a="b"}[5m]))', /no dots/],
  ['sum by (a) →without (b) (rate({a="b"}[1m]))', /Cannot read "without"/],
  ['sum by (a) (rate({a="b"}[1m])) →by (c)', /expected an operator, or the end/],
  ['rate({a="b"}[5m]) >→', /the end of the query: expected a number or an aggregation/],
  ['rate({a="b"}[5m]) == →5m', /Cannot read "5m"/],
  ['rate({a="b"}[5m]) + →bool 5', /"bool" goes with comparisons, not with "\+"/],
  ['rate({a="b"}[5m]) and →3', /"and" goes with series: write vector\(3\)/],
  ['3 →> on (a) rate({a="b"}[5m])', /go between series, not beside a number/],
  ['rate({a="b"}[5m]) > on (x) →group_left rate({a="c"}[5m])', /"group_left" is not supported/],
  ['rate({a="b"}[5m]) / ignoring (x) →group_right (y) rate({a="c"}[5m])', /"group_right" is not supported/],
  ['rate({a=~"x→(y"}[5m])', /regular expression: a "\(" without its "\)"/],
  ['sum(rate({a="b"} | json c="d→..e" [5m]))', /Cannot read the path/],
  ['sum(rate({a="b"} | json c=`→["\\q"]` [5m]))', /Cannot read the key/],
  ['count_over_time({a="b"} | →json [5m])', /json finds labels that are not known before/],
  ['max by (a) (count_over_time({a="b"} | →logfmt [5m]))', /logfmt finds labels/],
  ['sum by (a) (count_over_time({a="b"} | →json [5m]) > 1)', /json finds labels/],
  ['sum →without (a) (count_over_time({a="b"} | unpack [5m]))', /unpack finds labels/],
  ['avg_over_time({a="b"} | json | unwrap c [5m]) →without (a)', /json finds labels/],
  ['avg_over_time({a="b"} | keep c | →json | unwrap c [5m])', /json finds labels/],
  [`→${'('.repeat(300)}rate({a="b"}[5m])${')'.repeat(300)}`, /./],
  [`${'vector(1) + '.repeat(101)}vector(1)`, /More than 100 operators/]
]

test.each(broken)('a mistake has a place and a reason: %s', (marked, message) => {
  const fault = faultOf(marked.replace('→', ''))
  expect(fault?.message).toMatch(message)
  if (marked.includes('→') && message.source !== '.') expect(fault?.at).toBe(marked.indexOf('→'))
})

test.each([
  'rate({a="b"}[5m])',
  ' ( ( rate ( ( {a="b"} |= "x" ) [5m] ) ) ) # what this is for',
  'sum by (a, b) (count_over_time({a="b"} | json [5m]))',
  'sum(bytes_rate({a="b"}[5m])) without (a) > 5',
  'min(min_over_time({a="b"} | json | unwrap c [5m])) by (d)',
  'avg_over_time({a="b"} | logfmt | unwrap duration(c) | d="e" and f > 5 | __error__="" [5m]) by (g)',
  'avg_over_time({a="b"} | unwrap bytes(c) | __error__="" [5m] offset 1d) by (g)',
  'rate({a="b"}[5m] offset 1h | json | keep c | unwrap d)',
  'count_over_time({a="b"} | json | keep c [5m]) > 5',
  'count_over_time({a="b"} | json c="d", e | regexp "(?P<f>x)" | pattern "<g> <_>" [5m])',
  'quantile_over_time(0.99, {a="b"} | unwrap duration_seconds(c) [1m]) by ()',
  'first_over_time({a="b"} | unwrap c [1m]) / on (a) last_over_time({a="b"} | unwrap c [1m])',
  'stddev(stdvar_over_time({a="b"} | unwrap c [1m])) + stdvar(stddev_over_time({a="b"} | unwrap c [1m]))',
  'rate({a="b"}[87599h59m59s999ms] offset 1ms)',
  'absent_over_time({a="b"}[1w2d3h4m5s6ms]) or vector(1) unless on () vector(0.5)',
  'sum(rate({a="b"}[5m])) / ignoring (c, d) sum(rate({e!="f"}[5m])) >= bool 1e3',
  '-3 + +2 * 0x10'
])('a query that can be used: %s', query => {
  expect(faultOf(query)).toBeUndefined()
})
