import { describe, expect, test } from 'vitest'
import { MetricStream } from './metric-stream.ts'

const start = Date.parse('2026-11-22T10:00:00Z')
const at = (second: number): number => start + second * 1000
const line = (second: number, fields: object): string =>
  JSON.stringify({ time: new Date(at(second)).toISOString(), ...fields })

/** The samples of a query at second 60, as text: labels and a value each. */
function samplesOf(query: string, lines: readonly string[]): string[] {
  const stream = new MetricStream(query)
  stream.read(lines, at(60))
  return stream.at(at(60)).map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([name, text]) => `${name}=${text}`)
    return `{${pairs.join(' ')}} ${Number(value.toPrecision(9))}`
  })
}

describe('what is documented of Loki and Prometheus', () => {
  const lines = [
    line(1, { service: 'api', level: 'info', status: 200, took: '120ms', size: '2KB', path: '/a' }),
    line(20, { service: 'api', level: 'error', status: 500, took: '1.5s', size: '10KB', path: '/a' }),
    line(30, { service: 'api', level: 'error', status: 503, took: '80ms', size: '1KB', path: '/b' }),
    line(31, { service: 'web', level: 'info', status: 200, took: 'long', path: '/c' }),
    line(45, { service: 'web', level: 'error', status: 500, took: '3s', path: '/c' }),
    line(60, { service: 'db', level: 'info', msg: 'ready' })
  ]
  const where = 'file=/var/log/a.log host=node-1'
  test.each<[string, string[]]>([
    ['sum(count_over_time({region="eu"}[1m]))', ['{} 6']],
    ['sum(count_over_time({region="eu"}[15s]))', ['{} 1']],
    ['sum(count_over_time({region="eu"}[59s]))', ['{} 5']],
    [
      'sum by (service_name) (count_over_time({region="eu"}[1m]))',
      ['{service_name=api} 3', '{service_name=web} 2', '{service_name=db} 1']
    ],
    [
      'sum by (service_name, level) (count_over_time({level="error"} |= "/a" [1m]))',
      ['{level=error service_name=api} 1']
    ],
    [
      'count_over_time({service_name="db"}[1m])',
      [`{agent_id=db@node-1 ${where} level=info region=eu service_name=db} 1`]
    ],
    [
      'sum without (host, file, level, agent_id) (count_over_time({level="info"}[1m]))',
      ['{region=eu service_name=api} 1', '{region=eu service_name=web} 1', '{region=eu service_name=db} 1']
    ],
    ['sum(rate({level="error"}[1m]))', ['{} 0.05']],
    ['sum(rate({service_name="api"} | unwrap status [1m]))', [`{} ${(200 + 500 + 503) / 60}`.slice(0, 13)]],
    ['sum(bytes_over_time({service_name="db"}[1m]))', [`{} ${lines[5]!.length}`]],
    ['sum(bytes_rate({service_name="db"}[30s])) * 30', [`{} ${lines[5]!.length}`]],
    ['sum(bytes_over_time({service_name="api"} | line_format "{{.path}}" [1m]))', ['{} 6']],
    [
      'sum_over_time({service_name="api"} | unwrap duration(took) [1m])',
      [
        `{agent_id=api@node-1 ${where} level=info region=eu service_name=api} 0.12`,
        `{agent_id=api@node-1 ${where} level=error region=eu service_name=api} 1.58`
      ]
    ],
    ['avg_over_time({region="eu"} | unwrap bytes(size) [1m]) by (service_name)', ['{service_name=api} 4333.33333']],
    [
      'max_over_time({region="eu"} | unwrap duration_seconds(took) [1m]) by (service_name)',
      ['{service_name=api} 1.5', '{service_name=web} 3']
    ],
    [
      'min_over_time({region="eu"} | unwrap status [1m]) by (path)',
      ['{path=/a} 200', '{path=/b} 503', '{path=/c} 200']
    ],
    ['first_over_time({region="eu"} | unwrap status [1m]) by ()', ['{} 200']],
    ['last_over_time({region="eu"} | unwrap status | status > 500 [1m]) by ()', ['{} 503']],
    ['stdvar_over_time({service_name="web"} | unwrap status [1m]) by ()', ['{} 22500']],
    ['stddev_over_time({service_name="web"} | unwrap status [1m]) by ()', ['{} 150']],
    // of three values the middle one; the label of the values is none of the series
    ['quantile_over_time(0.5, {service_name="api"} | unwrap status [1m]) by ()', ['{} 497.779401']],
    ['sum(count_over_time({region="eu"} | took > 100ms [1m]))', ['{} 3']],
    ['sum(count_over_time({region="eu"} | took > 100ms | __error__!="" [1m]))', ['{} 1']],
    [
      'sum by (__error__) (count_over_time({region="eu"} | took > 100ms | __error__=~".*" [1m]))',
      ['{} 3', '{__error__=LabelFilterErr} 1']
    ],
    ['sum(count_over_time({region="eu"} | __error__="" | took > 100ms [1m]))', ['{} 3']],
    ['sum(count_over_time({region="eu"} | took > 100ms | drop __error__ [1m]))', ['{} 4']],
    [
      'sum by (status_extracted) (count_over_time({service_name="web"} | json [1m]))',
      ['{status_extracted=200} 1', '{status_extracted=500} 1']
    ],
    ['count_over_time({service_name="web"} | keep status [1m])', ['{status=200} 1', '{status=500} 1']],
    ['count_over_time({service_name="db"} | keep service_name | label_format name=service_name [1m])', ['{name=db} 1']],
    [
      'count_over_time({service_name="db"} | drop file, host | pattern `<_>"msg":"<word>"` [1m])',
      ['{agent_id=db@node-1 level=info region=eu service_name=db word=ready} 1']
    ],
    ['sum(count_over_time({region="eu"}[20s] offset 30s))', ['{} 2']],
    [
      'sum(count_over_time({region="eu"} | unwrap status | status > 200 [20s] offset 30s))'.replace('count', 'sum'),
      ['{} 1003']
    ],
    // silence is no sample, but absence is one
    ['sum(count_over_time({service_name="nobody"}[1m])) == 0', []],
    [
      'absent_over_time({service_name="nobody", region=~"e.", level="info", level!="x"}[1m])',
      ['{service_name=nobody} 1']
    ],
    ['absent_over_time({service_name="api"}[1m])', []],
    ['absent_over_time({service_name="db"} |= "stopped" [1m])', ['{service_name=db} 1']],
    // what the values are taken from is no label, but for a sum by it
    ['max by (status) (max_over_time({service_name="api"} | unwrap status [1m]))', ['{} 503']],
    [
      'sum by (status) (sum_over_time({service_name="web"} | unwrap status [1m]))',
      ['{status=200} 200', '{status=500} 500']
    ],
    ['max by (service_name) (avg_over_time({service_name="api"} | unwrap status [1m]))', ['{service_name=api} 501.5']],
    ['sum by (service_name) (avg_over_time({service_name="api"} | unwrap status [1m]))', ['{service_name=api} 701.5']],
    // labels of rows that are asked for further out tell series apart
    ['count_over_time({service_name="web"}[1m]) * on (path, status) vector(1)', []],
    [
      'count_over_time({service_name="web"}[1m]) - on (status) count_over_time({service_name="api", level="info"}[1m])',
      ['{status=200} 0']
    ],
    // aggregations of series
    ['avg(sum by (service_name) (count_over_time({region="eu"}[1m])))', ['{} 2']],
    ['min(sum by (service_name) (count_over_time({region="eu"}[1m])))', ['{} 1']],
    [
      'max by (level) (sum by (level, service_name) (count_over_time({region="eu"}[1m])))',
      ['{level=info} 1', '{level=error} 2']
    ],
    ['count(sum by (service_name) (count_over_time({region="eu"}[1m])))', ['{} 3']],
    ['stdvar(sum by (service_name) (count_over_time({region="eu"}[1m])))', ['{} 0.666666667']],
    ['stddev(sum by (service_name) (count_over_time({region="eu"}[1m]))) ^ 2', ['{} 0.666666667']],
    // operators
    ['2 ^ 3 ^ 2', ['{} 512']],
    ['-3 ^ 2', ['{} 9']],
    ['8 / 4 / 2', ['{} 1']],
    ['vector(1) / 0 or vector(2)', ['{} NaN']],
    ['min(sum by (level) (rate({region="eu"}[1m])) / 0 or vector(2))', ['{} 2']],
    ['1 + 2 * 3 ^ 2 ^ 0 % 4 - 1', ['{} 2']],
    ['2 - 1 - 1', ['{} 0']],
    ['vector(7) % 4', ['{} 3']],
    ['vector(1) / 0', ['{} NaN']],
    ['10 > vector(3)', ['{} 3']],
    ['vector(3) > 10', []],
    ['vector(3) > bool 10', ['{} 0']],
    ['2 > 1', ['{} 1']],
    [
      'sum by (service_name) (count_over_time({region="eu"}[1m])) >= 2',
      ['{service_name=api} 3', '{service_name=web} 2']
    ],
    [
      'sum by (service_name) (count_over_time({region="eu"}[1m])) >= bool 3',
      ['{service_name=api} 1', '{service_name=web} 0', '{service_name=db} 0']
    ],
    [
      'sum by (service_name) (count_over_time({level="error"}[1m])) / sum by (service_name) (count_over_time({region="eu"}[1m]))',
      ['{service_name=api} 0.666666667', '{service_name=web} 0.5']
    ],
    [
      'sum by (service_name, level) (count_over_time({level="error"}[1m])) / on (service_name) sum by (service_name) (count_over_time({region="eu"}[1m])) > 0.6',
      ['{service_name=api} 0.666666667']
    ],
    [
      'sum by (service_name, level) (count_over_time({level="error"}[1m])) > ignoring (level) sum by (service_name) (count_over_time({level="info"}[1m]))',
      ['{service_name=api} 2']
    ],
    [
      'sum by (service_name) (count_over_time({region="eu"}[1m])) and sum by (service_name) (count_over_time({level="error"}[1m]))',
      ['{service_name=api} 3', '{service_name=web} 2']
    ],
    [
      'sum by (service_name) (count_over_time({region="eu"}[1m])) unless sum by (service_name) (count_over_time({level="error"}[1m]))',
      ['{service_name=db} 1']
    ],
    ['sum(count_over_time({service_name="nobody"}[1m])) or vector(0)', ['{} 0']],
    ['sum by (level) (count_over_time({service_name="db"}[1m])) or on () vector(0)', ['{level=info} 1']],
    ['vector(1) and on (level) sum by (level) (count_over_time({service_name="db"}[1m]))', []]
  ])('%s', (query, wanted) => {
    expect(samplesOf(query, lines).sort()).toEqual(wanted.toSorted())
  })
})

test('rows are of the agents of their services, however many there are', () => {
  const services = Array.from({ length: 300 }, (_, i) =>
    i % 100 === 7 ? `${i}`.padStart(240, 's').repeat(2) : `s${i}`
  )
  const lines = [...services, undefined, ...services].map(service => line(1, { service }))
  const samples = samplesOf('sum by (agent_id) (count_over_time({region="eu"}[1m]))', lines)
  const agents = services.map(service => `{agent_id=${service.slice(0, 249)}@node-1} 2`)
  expect(samples.toSorted()).toEqual(['{agent_id=node-1} 1', ...agents].toSorted())
})

test('samples with more than one partner are a fault', () => {
  const lines = [line(50, { level: 'info', service: 'a' }), line(50, { level: 'error', service: 'a' })]
  const both = 'sum by (level) (count_over_time({service_name="a"}[1m]))'
  expect(() => samplesOf(`vector(1) + on () ${both}`, lines)).toThrow(
    'Two series on the right of "+" have the labels {}'
  )
  expect(() => samplesOf(`${both} < on () vector(5)`, lines)).toThrow(
    'Two series on the left of "<" have the labels {}'
  )
})
