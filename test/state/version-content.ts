import type { Ledger } from '../../src/core/outcome.ts'
import type { StateRecord } from '../../src/core/record.ts'

/** What the fixtures of all layouts hold. Never changed: they were made by the programs of their time. */
const ledger: Ledger = {
  read: 12,
  derived: 0,
  rows: [9, 1, 0, 0, 0, 0, 1],
  lostRows: { dead_letters_full: 1 },
  lostBytes: { truncated_gap: 100 }
}
const file = {
  dev: '64769',
  ino: '4242',
  birth: '1700000000000000000',
  path: '/var/log/a.log.1',
  size: 2048,
  isOver: false
}
const letter = {
  output: 'default/es',
  source: 'AAAAAAAAAAAAAAAA',
  status: 400,
  type: 'document_parsing_exception',
  at: 1_700_000_000_000
}

export const oldRecords: readonly StateRecord[] = [
  {
    kind: 'source',
    source: { id: 'AAAAAAAAAAAAAAAA', input: 'agent', name: '/var/log/a.log', file, seenAt: 1_700_000_000_000 }
  },
  { kind: 'source', source: { id: 'BBBBBBBBBBBBBBBB', input: 'agent', name: "/var/log/b'.log", file, seenAt: 1 } },
  {
    kind: 'cursor',
    cursor: { source: 'AAAAAAAAAAAAAAAA', output: 'default/es', position: 1024, marker: 'a1b2', ledger }
  },
  { kind: 'cut', source: 'AAAAAAAAAAAAAAAA', position: 1500 },
  { kind: 'parser', source: 'AAAAAAAAAAAAAAAA', parser: 'json' },
  { kind: 'note', key: 'default/es/index', value: '.ds-logs-000001' },
  { kind: 'source', source: { id: 'CCCCCCCCCCCCCCCC', input: 'agent', name: '/gone', file, seenAt: 1 } },
  { kind: 'cursor', cursor: { source: 'CCCCCCCCCCCCCCCC', output: 'default/es', position: 7, marker: '', ledger } },
  { kind: 'forget', source: 'CCCCCCCCCCCCCCCC' },
  {
    kind: 'letter',
    letter: {
      ...letter,
      position: 100,
      length: 20,
      reason: 'failed to parse',
      row: Buffer.from('{"create":{}}\n{"n":1}\n')
    }
  },
  {
    kind: 'letter',
    letter: {
      ...letter,
      position: 200,
      length: 30,
      reason: "it's no date",
      row: Buffer.from('{"create":{}}\n{"n":2}\n')
    }
  }
]

/** What layouts of state.db hold besides, from the one on that has a place for it. */
export const laterRecords: Readonly<Record<number, readonly StateRecord[]>> = {
  2: [{ kind: 'agent', agent: { id: 'agent-7', facts: { role: 'planner', intervalMs: 30_000, isLeft: false } } }],
  3: [
    { kind: 'observed', observed: { source: 'AAAAAAAAAAAAAAAA', from: 1000, knownTo: 1100 } },
    { kind: 'window', query: 'b7e1', range: 0, bucket: -1, blob: Buffer.from([0, 1, 2, 255]) },
    { kind: 'alert', rule: 'c9d2', labels: '{"alertname":"It\'s silent"}', content: '{"state":"firing"}' }
  ],
  4: [{ kind: 'notice', receiver: 'ops', group: '["It\'s silent"]', content: '{"at":1700000000000,"alerts":[]}' }]
}
