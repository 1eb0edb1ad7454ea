import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../../kernels/build.ts'
import { Flag } from '../../src/core/row.ts'
import { auto } from '../../src/parsers/auto.ts'
import { normalize } from '../../src/processors/normalize/index.ts'
import { optionsOf } from '../fakes/definitions.ts'
import { Bench, type Steps } from '../fakes/rows.ts'

const start = Date.parse('2026-11-22T10:00:00Z')
/** `22/Nov/2026:10:00:00 +0000`, as web servers have it. */
function webStamp([iso, zone]: readonly [string, string]): string {
  return `${iso.slice(8, 10)}/Nov/2026:${iso.slice(11, 19)} ${zone}`
}
/** Often in the same minute. */
const stamp = fc.integer({ min: 0, max: 90_000 }).map(ms => new Date(start + ms).toISOString())
const time = fc.oneof(
  { weight: 20, arbitrary: stamp },
  stamp.map(text => text.replace('Z', '')),
  stamp.map(text => text.replace('.', ',')),
  stamp.map(text => text.replace(/....Z/, '.12Z')),
  stamp.map(text => text.replace(':00', ':60')),
  { weight: 10, arbitrary: fc.tuple(stamp, fc.constantFrom('+0000', '+0000', '-0730')).map(webStamp) },
  fc.tuple(stamp, fc.constantFrom(' 0000', '+00:0', 'x0000')).map(webStamp),
  fc.constantFrom(
    '',
    'now',
    '2026-11-22',
    '2026-13-45T10:00:00.123Z',
    '2026-13-45T10:00:00.456Z',
    '2026-11-22T10:00:0x.000Z',
    '2026-11-22T10:00:00.123+'
  )
)
const level = fc.constantFrom(
  '30  ',
  'info',
  'info',
  'warn',
  'ERROR',
  'notice',
  'none',
  '',
  30,
  'critical',
  'in\u0001fo',
  'debug'
)
const hex = (digits: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`))
const id = (digits: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: hex(digits) },
    hex(digits).map(text => text.toUpperCase()),
    fc.constantFrom('0'.repeat(digits), 'g'.repeat(digits), '', 'ab')
  )
const message = fc.oneof(
  { weight: 15, arbitrary: fc.string({ maxLength: 60 }) },
  fc.tuple(hex(32), hex(16)).map(([trace, span]) => `said trace_id=${trace} span_id=${span} x=1`),
  fc.constantFrom('', 'a=b', 'id=', 'd=')
)
const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<unknown>('planner', 'tools') },
  fc.constantFrom<unknown>('', 7, true, null, { name: 'x' })
)

/** Objects of few shapes, so that many are like one before. */
const object = fc
  .tuple(
    fc.constantFrom(
      ['timestamp', 'level', 'service_name', 'trace_id', 'message'],
      ['time', 'severity', 'msg', 'user_id', 'span_id'],
      ['level', 'message', 'agent_id', 'event', 'error_code'],
      ['trace_id', 'traceId', 'x'],
      ['timestamp', 'level', 'message', 'dd.trace_id', 'dd.span_id'],
      ['timestamp', 'severity', 'message', 'traceparent'],
      ['x']
    ),
    fc.record({ time, level, name, trace: id(32), span: id(16), message })
  )
  .map(([keys, values]) => {
    const { time, level, name, trace, span, message } = values
    const of: Record<string, unknown> = {
      timestamp: time,
      time,
      level,
      severity: level,
      service_name: name,
      agent_id: name,
      trace_id: trace,
      traceId: trace,
      span_id: span,
      'dd.trace_id': trace,
      'dd.span_id': /^\d/.test(span) ? span.replace(/[a-f]/g, '7') : span,
      traceparent: /^[01]/.test(trace) ? `00-${trace}-${span}-01` : trace,
      message,
      msg: message,
      event: message,
      user_id: name,
      error_code: 'E1',
      x: name
    }
    return JSON.stringify(Object.fromEntries(keys.map(key => [key, of[key]])))
  })
const line = fc
  .record({
    before: fc.constantFrom('', '', '', '', '[', ' '),
    time,
    between: fc.constantFrom('T', ' ', ' '),
    behind: fc.constantFrom(' ', ' ', ' ', '  ', ' [', ''),
    level: fc.constantFrom('INFO', 'INFO', 'WARN', 'WARNING', 'Error', 'X', 'CRITICALLY', 'NOTICE'),
    rest: fc.oneof({ weight: 3, arbitrary: message.map(text => ` ${text}`) }, fc.constantFrom('', ' '))
  })
  .map(all => `${all.before}${all.time.replace('T', all.between)}${all.behind}${all.level}${all.rest}`)
const lines = fc.array(fc.oneof({ weight: 3, arbitrary: object }, { weight: 2, arbitrary: line }, message), {
  maxLength: 60
})

interface Options {
  readonly service: string
  readonly zone: string
  readonly formats: readonly string[]
  /** The container runtime had a time for each row. */
  readonly hasTimes: boolean
}

/** What becomes of the rows, in chunks that end at `cuts`; with the numbers that rows do not show. */
function read(text: Buffer, cuts: readonly number[], options: Options, hasWorkspace: boolean): unknown[] {
  const bench = new Bench(options.service, hasWorkspace)
  const steps: Steps = {
    parser: auto.create(optionsOf(auto, {}), bench.context),
    processors: [
      {
        apply(batch) {
          for (let row = 0; options.hasTimes && row < batch.rows; row++) {
            batch.flags[row]! |= Flag.hasTime
            batch.time[row] = start
          }
        }
      },
      normalize.create(optionsOf(normalize, { zone: options.zone, time_formats: options.formats }), bench.context),
      {
        apply(batch) {
          for (let row = 0; row < batch.rows; row++) {
            seen.push([
              batch.time[row],
              batch.nanos[row],
              batch.flags[row],
              batch.body.kind[row],
              batch.service.kind[row]
            ])
          }
        }
      }
    ]
  }
  const seen: unknown[] = []
  return [bench.rows(text, steps, cuts), seen]
}

describe('rows like those before', () => {
  it('the committed kernel is what its source compiles to', async () => {
    const file = new URL('../../src/processors/normalize/normalize.wasm.ts', import.meta.url)
    expect(readFileSync(file, 'utf8')).toBe(await compile('normalize'))
  })

  it('teach no time that is none, though the container runtime had one', () => {
    const rows = ['2026-13-45T10:00:00.123Z', '2026-13-45T10:00:00.456Z', '2026-13-45T10:00:01.000Z']
    const text = Buffer.from(rows.map(time => JSON.stringify({ time, level: 'info', msg: 'm' })).join('\n'))
    const options = { service: '', zone: 'UTC', formats: [], hasTimes: true }
    expect(read(text, [], options, true)).toEqual(read(text, [], options, false))
  })

  it('become the same with the kernel and without', () => {
    const options = fc.record({
      service: fc.constantFrom('', 'svc', 'q"s'),
      hasTimes: fc.boolean(),
      zone: fc.constantFrom('UTC', 'Europe/Berlin'),
      formats: fc.constantFrom<string[]>([], [], ['%Y-%m-%dT%H:%M:%S.%f'])
    })
    fc.assert(
      fc.property(lines, options, fc.integer({ min: 1, max: 5 }), (all, options, parts) => {
        const text = Buffer.from(all.map(one => one.replace(/[\r\n]/g, ' ')).join('\n'))
        const cuts = Array.from({ length: parts - 1 }, (_, n) => Math.floor((text.length * (n + 1)) / parts))
        expect(read(text, cuts, options, true)).toEqual(read(text, cuts, options, false))
      }),
      { numRuns: 400 }
    )
  })
})
