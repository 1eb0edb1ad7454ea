import { describe, expect, test } from 'vitest'
import { bannerLines } from '../../src/cli/banner.ts'
import { ledgerLines } from '../../src/cli/ledger.ts'
import { lineLog } from '../../src/cli/log.ts'
import { outputLines, troubleText } from '../../src/cli/outputs.ts'
import { reasonsOf } from '../../src/cli/reasons.ts'
import { formatBytes, formatDuration, tableLines } from '../../src/cli/table.ts'
import { printable } from '../../src/cli/terminal.ts'
import { newLedger, withNames } from '../../src/core/outcome.ts'
import { FakeCollector } from '../fakes/collector.ts'
import { recorder } from './command.ts'

const server = { address: '127.0.0.1:9680', metricsAddress: undefined, close: () => Promise.resolve() }

describe('first lines', () => {
  test('say what is followed, what could not be read, where metrics are and how to stop', async () => {
    const collector = new FakeCollector()
    collector.problems = [{ input: 'agent', path: '/var/log/secure\u001b[2J', reason: 'Permission denied' }]
    collector.notes = [{ reason: 'older', files: 2, text: '2 files are old' }]
    collector.stalled = [{ inputs: ['far', 'away'], path: '/mnt/a.log\u001b[2J', since: Date.now() - 7000 }]
    expect(bannerLines(recorder(), await collector.status(), server)).toEqual([
      'mcp-collector 0.1.0 follows 1 source, sends to es (elasticsearch)',
      '  agent: /var/log/*.log (1 source)',
      '    cannot read /var/log/secure\\x1b[2J: Permission denied',
      '    2 files are old',
      '  hangs for 7s: far, away, "/mnt/a.log\\x1b[2J" does not answer',
      'Metrics: http://127.0.0.1:9680/metrics · state: /state',
      'Stop with Ctrl-C: what was read is delivered first (a second Ctrl-C stops at once)'
    ])
  })

  test('say that rules wait for an input', () => {
    const input = { name: 'a', type: 'file', paths: [], sources: [], sourceCount: 1, startedAt: 0, notes: [] }
    expect(reasonsOf(recorder(), { ...input, unseenMs: 720_000 }, [])[0]).toMatch(/rules wait.*: for 12m/)
    expect(reasonsOf(recorder(), input, [])).toEqual([])
  })

  test('say that an earlier run has read everything', async () => {
    const status = await new FakeCollector().status()
    const [input] = status.inputs
    const sources = input!.sources.map(source => ({ ...source, settled: source.size }))
    const lines = bannerLines(recorder(), { ...status, inputs: [{ ...input!, sources }] }, server)
    expect(lines).toContain('  agent: /var/log/*.log (1 source, nothing new since the last run)')
  })

  test('stay few, however much there is', async () => {
    const collector = new FakeCollector()
    const status = await collector.status()
    const problems = Array.from({ length: 500 }, (_, i) => ({
      input: 'agent',
      path: `/p${i}`,
      reason: 'Permission denied'
    }))
    const inputs = Array.from({ length: 50 }, () => status.inputs[0]!)
    const lines = bannerLines(recorder(), { ...status, inputs, problems }, server)
    expect(lines).toHaveLength(24)
    expect(lines).toContain('  and 497 more: see "mcp-collector status"')
  })
})

describe('output lines', () => {
  const base = {
    type: 'elasticsearch',
    inFlightRequests: 0,
    inFlightBytes: 0,
    retriedRows: 0,
    deadLetters: 0,
    since: 0,
    startedAt: 0
  }
  const unauthorized = { name: 'default/es', state: 'paused', reason: 'unauthorized', tryEveryMs: 30_000 } as const
  const named = (names: string, state: 'idle' | 'sending' | 'retrying' | 'paused') =>
    names.split('').map(name => ({ ...base, name: `default/${name}`, state }))
  const lastLine = (deadLetters: number, state: 'idle' | 'paused') =>
    outputLines(recorder(true), [{ ...base, name: 'default/es', state, deadLetters }], 0).at(-1)
  const message =
    'Cannot send to "http://elasticsearch.logging.svc.cluster.local:9200": status 401 (security_exception)'

  test('say below each output why it does not deliver and for how long, within 80 columns and in colour', () => {
    const lines = outputLines(
      recorder(true),
      [
        { ...base, ...unauthorized, lastError: { message, at: 60_000 } },
        { ...base, name: 'default/b', state: 'retrying', lastError: { message: 'reset\u001b[2J', at: 65_000 } },
        { ...base, name: 'default/c', state: 'idle', server: 'Elasticsearch 9.5.3 at "http://c:9200"' }
      ],
      70_000
    )
    expect(lines).toEqual([
      '<bold>output  type           state     requests  in flight  behind  retried rows</>',
      '<red>es      elasticsearch  paused           0  0 B        0 B                0</>',
      '<red>  paused for 1m 10s: the server does not accept the user or API key; tried</>',
      '<red>    again every 30 s</>',
      '<red>  10s ago: Cannot send to</>',
      '<red>    "http://elasticsearch.logging.svc.cluster.local:9200": status 401</>',
      '<red>    (security_exception)</>',
      '<yellow>b       elasticsearch  retrying         0  0 B        0 B                0</>',
      '<yellow>  retrying for 1m 10s, rows wait and nothing is lost</>',
      '<yellow>  5s ago: reset\\x1b[2J</>',
      'c       elasticsearch  idle             0  0 B        0 B                0',
      '<dim>  answers: Elasticsearch 9.5.3 at "http://c:9200"</>'
    ])
  })

  test('say below each output how many dead letters it has', () => {
    expect(lastLine(1200, 'idle')).toBe('<yellow>  1,200 dead letters: see "mcp-collector dlq list"</>')
    expect(lastLine(1, 'paused')).toBe('<red>  1 dead letter: see "mcp-collector dlq list"</>')
    expect(lastLine(0, 'idle')).not.toContain('dead')
  })

  test('say below an output that takes rows what was refused and not decided on', () => {
    const undecided = { rows: 200, types: ['strict_mapping', 'b\u001b'] }
    const lines = outputLines(
      recorder(),
      [{ ...base, name: 'default/es', state: 'sending', undecided, deadLetters: 3 }],
      0
    )
    expect(lines.slice(2)).toEqual([
      '  200 rows were refused, what becomes of them is decided within 10 s: strict_mapping, b\\x1b',
      '  3 dead letters: see "mcp-collector dlq list"'
    ])
  })

  test('name those that do not deliver in the first line', () => {
    expect(troubleText([...named('a', 'idle'), ...named('b', 'sending')])).toBe('')
    expect(troubleText([...named('a', 'retrying'), ...named('b', 'idle')])).toBe(' · output a is retrying')
    expect(troubleText([...named('a', 'retrying'), ...named('bcdef', 'paused')])).toBe(
      ' · outputs b, c, d, 2 more are paused · output a is retrying'
    )
  })

  test('say that a server takes its time', () => {
    const waiting = {
      ...base,
      name: 'default/es',
      state: 'sending' as const,
      server: 'Elasticsearch 9.5.3',
      waitingMs: 12_345
    }
    expect(outputLines(recorder(), [waiting], 5000).slice(2)).toEqual([
      '  waiting for an answer for 12s',
      '  answers: Elasticsearch 9.5.3'
    ])
  })

  test('say how far an output is behind, and how soon it is not', () => {
    const backlog = { bytes: 5 * 1024 ** 3, ageMs: 7_200_000 }
    const of = (more: object): string[] =>
      outputLines(recorder(), [{ ...base, name: 'default/es', state: 'sending', backlog: { ...backlog, ...more } }], 0)
    expect(of({})[0]).toMatch(/in flight +behind/)
    expect(of({})[2]).toBe('  5.0 GiB behind: the oldest row is 2h 0m old, the backlog does not shrink')
    expect(of({ leftMs: 90_000 })[2]).toBe('  5.0 GiB behind: the oldest row is 2h 0m old, about 1m 30s left')
    expect(of({ ageMs: 300 }).slice(2)).toEqual([])
  })

  test('stay whole where a program reads them', () => {
    const lastError = { message, at: 0 }
    const lines = outputLines(recorder(), [{ ...base, name: 'default/es', state: 'idle', lastError }], 5000)
    expect(lines[2]).toBe(`  last error 5s ago: ${message}`)
  })
})

describe('ledger lines', () => {
  test('sum all sources but show those that read most', () => {
    const rows = [3, 1, 2].map(read => ({
      source: `s${read}`,
      name: `/log/${read}`,
      input: 'a',
      output: 'es',
      position: 0,
      configured: true,
      ledger: { ...newLedger(), read, rows: [read, 0, 0, 0, 0, 0, 0], lostBytes: { truncated_gap: 5 } }
    }))
    expect(ledgerLines(recorder(), rows.map(withNames), 2)).toEqual([
      'source  output  read  delivered  pending  lost bytes',
      '/log/3  es         3          3        0           5',
      '/log/2  es         2          2        0           5',
      'total              6          6        0          15',
      'and 1 more source in the total',
      'lost 15 bytes: truncated_gap, bytes of a file that was truncated or written anew before they were read'
    ])
  })

  test('fit a terminal, paths cut in the middle where the table has no room', () => {
    const name = `/var/log/containers/${'a-very-long-name-'.repeat(5)}0.log`
    const row = { source: 'A', name, input: 'pods', output: 'default/es', position: 0, configured: true }
    const small = withNames({
      ...row,
      ledger: { ...newLedger(), read: 1_234_567, rows: [1_234_567, 0, 0, 0, 0, 0, 0] }
    })
    const [title, line] = ledgerLines(recorder(true), [small])
    expect(title).toMatch(/source +output +read +delivered +pending/)
    expect(line).toMatch(/^\/var\/log\/cont.*….*name-0\.log +es +1,234,567 +1,234,567 +0$/)
    expect(line).toHaveLength(80)
    expect(ledgerLines(recorder(), [small])[1]).toContain(name)
  })

  test('become paragraphs where a terminal has no room for all columns, and say why something is lost', () => {
    const counts = { read: 1_234_567, rows: [1_200_000, 34_000, 0, 0, 0, 0, 500] }
    const losses = { lostRows: { dead_letters_full: 60 }, lostBytes: { truncated_gap: 1 } }
    const row = { source: 'A', name: '/a.log', input: 'a', output: 'default/es', position: 0, configured: true }
    const rows = [withNames({ ...row, ledger: { ...newLedger(), ...counts, ...losses } })]
    expect(ledgerLines(recorder(true), rows)).toEqual([
      '<bold>/a.log → es</>',
      '  read 1,234,567, delivered 1,200,000, duplicate 34,000, dead_lettered 500,',
      '  pending 7, lost 60, lost bytes 1',
      '<yellow>lost 1 byte: truncated_gap, bytes of a file that was truncated or written anew</>',
      '<yellow>  before they were read</>',
      '<yellow>lost 60 rows: dead_letters_full, refused rows for which there was no room</>',
      '<yellow>  among the dead letters, where when_full is drop</>'
    ])
  })

  test('say so when nothing was read', () => {
    expect(ledgerLines(recorder(), [])).toEqual(['No rows yet'])
  })
})

describe('text for terminals', () => {
  test('shows control characters, line separators and direction overrides instead of sending them', () => {
    expect(printable('a\u001b]0;x\u0007b\r\n\u009bc\u2028\u202e ä 日')).toBe(
      'a\\x1b]0;x\\x07b\\x0d\\x0a\\x9bc\\u2028\\u202e ä 日'
    )
  })

  test('log lines carry no control characters of their fields', () => {
    const err = recorder(true)
    const log = lineLog('warn', err)
    log.info('not shown')
    log.warn('Cannot read', { path: 'x\u001b[31m', gone: undefined, rows: 3 })
    expect(err.text()).toMatch(
      /^<dim>\d\d:\d\d:\d\d<\/> <yellow>warn <\/> Cannot read <dim>path=<\/>x\\x1b\[31m <dim>rows=<\/>3\n$/
    )
  })

  test('tables align text left and numbers right', () => {
    const columns = [
      { title: 'name', cell: (row: [string, number]) => row[0] },
      { title: 'rows', cell: (row: [string, number]) => row[1] }
    ]
    expect(
      tableLines(recorder(), columns, [
        ['a', 1_234_567],
        ['longer', 2]
      ])
    ).toEqual(['name         rows', 'a       1,234,567', 'longer          2'])
  })

  test('sizes and durations are short', () => {
    expect([0, 1023, 1536, 5 * 2 ** 30].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '5.0 GiB'])
    expect([900, 61_000, 3_660_000, 180_000_000].map(formatDuration)).toEqual(['0s', '1m 1s', '1h 1m', '2d 2h'])
  })
})
