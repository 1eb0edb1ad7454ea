import { defineProcessor } from '../../config/define.ts'
import { Metrics } from './metrics.ts'

const input =
  '{"level":"info","service":"gateway","msg":"done","took":"340ms","status":200,"time":"2026-11-22T10:00:00Z"}'
const output = {
  time: '2026-11-22T10:00:00.000Z',
  level: 'info',
  service_name: 'gateway',
  body: 'done',
  took: '340ms',
  status: 200
}
/** Those of Prometheus' clients. */
const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Makes a metric of rows. */
export const metrics = defineProcessor({
  name: 'metrics',
  summary:
    'Makes a metric of the rows, for /metrics: a counter, a gauge or a histogram, in series by labels. All rows pass. Counters begin anew with the process.',
  options: t => ({
    name: t
      .text('Name of the metric; behind that of a counter comes _total, if it is not there.')
      .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'expected a name of letters, digits and "_"')
      .refine(name => !/^(collector|process)_/.test(name), 'names in "collector_" and "process_" are our own')
      .refine(name => !/_(bucket|sum|count|created|info)$/.test(name), 'a name can not end as the parts of others do'),
    help: t.text('What the metric says, in a sentence.').min(1),
    type: t
      .choice(
        '`counter` counts rows, or adds up their values; `gauge` is the value of the last row; `histogram` counts values by size.',
        ['counter', 'gauge', 'histogram']
      )
      .default('counter'),
    value: t
      .text('The label whose value counts; rows without it do not. A counter without this counts rows.')
      .optional(),
    unit: t
      .choice('What the value is: a duration, as 1m30s, becomes seconds, and a size, as 5MiB, bytes.', [
        'number',
        'duration',
        'bytes'
      ])
      .default('number'),
    labels: t
      .list(
        'Labels of the rows by which there are series.',
        t
          .text('A label as in LogQL: user.id is user_id.')
          .regex(/^(?!__|le$)[a-zA-Z_][a-zA-Z0-9_]*$/, 'expected a label of letters, digits and "_", not "le"')
      )
      .refine(labels => new Set(labels).size === labels.length, 'each must be there once')
      .default([]),
    buckets: t
      .list('Where the buckets of a histogram end.', t.z.number().describe('A number.'))
      .min(1)
      .max(64)
      .refine(
        bounds => bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!),
        'each must be larger than before'
      )
      .default(defaultBuckets),
    maxSeries: t
      .count('Series that there may be; rows of further ones are counted in one with otel_metric_overflow="true".', {
        min: 1,
        max: 100_000
      })
      .default(1000),
    idle: t.duration('A series without rows for so long is forgotten.', { min: 1000 }).default(600_000),
    if: t.query('Only rows that this LogQL query selects.').optional()
  }),
  faultIn: ({ type, value }) => {
    return type === 'counter' || value !== undefined ? undefined : `a ${type} needs a "value"`
  },
  examples: [
    {
      title: 'Requests by what came of them',
      config: `name: gateway_requests_total\nhelp: Requests\nlabels: [service_name, status]\nif: '{service_name="gateway"} |= "done"'`,
      input,
      output
    },
    {
      title: 'How long they took, with traces for what was slow',
      config:
        'name: gateway_request_seconds\nhelp: Time until the answer\ntype: histogram\nvalue: took\nunit: duration\nbuckets: [0.1, 0.3, 1, 3]',
      input,
      output
    }
  ],
  create: (options, context) => new Metrics(options, context)
})
