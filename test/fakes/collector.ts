import type { Family } from '../../src/core/families.ts'
import type { Sample } from '../../src/core/metrics.ts'
import { newLedger } from '../../src/core/outcome.ts'
import type {
  Collector,
  CollectorStatus,
  InputNote,
  Letter,
  LedgerRow,
  InputStall,
  OutputState,
  Reload,
  ReplayResult,
  Tailing,
  TailRefusal,
  TailWanted
} from '../../src/pipeline/collector.ts'
import type { AgentStatus } from '../../src/rules/agents/agent.ts'
import type { RuleGroupStatus } from '../../src/rules/evaluate/status.ts'
import type { LetterQuery } from '../../src/state/letters.ts'

/** A collector without a pipeline: it answers with what the test gives it, and writes down what it was asked to do. */
export class FakeCollector implements Collector {
  ready: Collector['ready'] = 'starting'
  degraded: string[] = []
  stalled: InputStall[] = []
  readonly calls: string[] = []
  /** What the next reload comes to. */
  reloads: Reload['result'] = 'changed'
  lastReload: Reload | undefined
  /** What is done meanwhile; it gets the reloads so far. */
  onReload: (calls: readonly string[]) => unknown = () => {}
  readonly stateDir: string
  readonly letterRows = new Map<number, Letter>()
  sampleRows: Sample[] = []
  familyRows: Family[] = []
  ruleGroups: RuleGroupStatus[] = []
  sourceCount = 1
  problems: CollectorStatus['problems'] = []
  notes: InputNote[] = []
  outputs: Omit<OutputState, 'inFlightRequests' | 'inFlightBytes' | 'retriedRows' | 'deadLetters'>[] = [
    { name: 'default/es', type: 'elasticsearch', state: 'paused', reason: 'status_401', since: 0, startedAt: 0 }
  ]
  readonly #ended = Promise.withResolvers<void>()
  readonly ended = this.#ended.promise

  constructor(stateDir = '/state') {
    this.stateDir = stateDir
    for (let id = 1; id <= 3; id++) this.letterRows.set(id, letter(id, id === 3 ? 'default/audit' : 'default/es'))
  }

  readonly letters = {
    list: ({ output, before = Infinity, limit }: LetterQuery) => {
      const rows = [...this.letterRows.values()].filter(row => row.id < before && (output ?? row.output) === row.output)
      return Promise.resolve(rows.toReversed().slice(0, limit))
    },
    get: (id: number) => Promise.resolve(this.letterRows.get(id)),
    missing: (ids: readonly number[]) => Promise.resolve(ids.filter(id => !this.letterRows.has(id))),
    delete: (ids: readonly number[]) => {
      this.calls.push(`delete ${ids.join(',')}`)
      return Promise.resolve(ids.filter(id => this.letterRows.delete(id)).length)
    },
    replay: (ids: readonly number[]): Promise<ReplayResult> => {
      this.calls.push(`replay ${ids.join(',')}`)
      return Promise.resolve({ delivered: ids.length, refused: 0, unsent: 0, reasons: [] })
    }
  }

  agentRows: AgentStatus[] = []
  readonly agents = {
    list: () => this.agentRows,
    forget: (id: string) => {
      this.calls.push(`forget ${id}`)
      const before = this.agentRows.length
      this.agentRows = this.agentRows.filter(agent => agent.id !== id)
      return this.agentRows.length < before
    }
  }

  /** What `tail` gives. */
  tailing: Tailing | TailRefusal = { error: 'Nobody may look' }

  tail({ query, format, color }: TailWanted): Promise<Tailing | TailRefusal> {
    this.calls.push(`tail ${query} ${format}${color ? ' color' : ''}`)
    return Promise.resolve(this.tailing)
  }

  async reload(by: string): Promise<Reload> {
    this.calls.push(`reload ${by}`)
    await this.onReload(this.calls.filter(call => call.startsWith('reload')))
    const names = { added: [], changed: [], removed: [] }
    const changes = { inputs: { ...names, added: ['pods'] }, outputs: names, routes: names, settings: ['log.level'] }
    const problem = { file: 'a.yaml', line: 3, column: 5, message: 'Unknown key "path"' }
    const problems = this.reloads === 'changed' || this.reloads === 'unchanged' ? [] : [problem]
    this.lastReload = { at: 1000, by, result: this.reloads, durationMs: 12, changes, problems }
    return this.lastReload
  }

  start(): void {
    this.calls.push('start')
    this.ready = 'ready'
  }

  status(): Promise<CollectorStatus> {
    const source = {
      id: 'AAAAAAAAAAAAAAAA',
      name: '/var/log/a.log',
      size: 2048,
      read: 2048,
      settled: 1024,
      lagBytes: 1024
    }
    const idle = { inFlightRequests: 0, inFlightBytes: 0, retriedRows: 0, deadLetters: 0 }
    return Promise.resolve({
      version: '0.1.0',
      pid: 7,
      startedAt: 0,
      uptimeMs: 61_000,
      stateDir: this.stateDir,
      ready: this.ready,
      degraded: this.degraded,
      stalled: this.stalled,
      configuredAt: 0,
      ...(this.lastReload !== undefined && { lastReload: this.lastReload }),
      inputs: [
        {
          name: 'agent',
          type: 'file',
          paths: ['/var/log/*.log'],
          sources: [source],
          sourceCount: this.sourceCount,
          startedAt: 0,
          notes: this.notes
        }
      ],
      outputs: this.outputs.map(output => ({ ...output, ...idle })),
      problems: this.problems,
      notifiers: [
        { name: 'http://am:9093', told: 'alerts', sent: 12, waiting: 0, dropped: 0 },
        {
          name: 'ops',
          told: 'alerts',
          sent: 3,
          waiting: 2,
          dropped: 1,
          error: 'Cannot send to "https://chat": status 503'
        }
      ],
      kept: { bytes: 5 << 20, maxBytes: 1 << 30, segments: 1, sources: 2, damagedBlocks: 1 }
    })
  }

  samples(): Promise<readonly Sample[]> {
    return Promise.resolve(this.sampleRows)
  }

  families(): Promise<readonly Family[]> {
    return Promise.resolve(this.familyRows)
  }

  rules(): readonly RuleGroupStatus[] {
    return this.ruleGroups
  }

  ledgers(): Promise<readonly LedgerRow[]> {
    const ledger = { ...newLedger(), read: 10, rows: [7, 1, 0, 0, 0, 0, 1] }
    const row = { source: 'AAAAAAAAAAAAAAAA', name: '/var/log/a\u001b[31m.log', input: 'agent', output: 'default/es' }
    return Promise.resolve([{ ...row, position: 1024, ledger, configured: true }])
  }

  async stop(): Promise<readonly LedgerRow[]> {
    this.calls.push('stop')
    this.ready = 'draining'
    this.#ended.resolve()
    return this.ledgers()
  }

  fail(error: Error): void {
    this.#ended.reject(error)
  }
}

function letter(id: number, output: string): Letter {
  return {
    id,
    output,
    source: 'AAAAAAAAAAAAAAAA',
    position: id * 100,
    length: 20,
    status: 400,
    type: 'document_parsing_exception',
    reason: 'failed to parse',
    at: 1_700_000_000_000,
    row: Buffer.from(`{"create":{}}\n{"message":"row ${id}"}\n`)
  }
}
