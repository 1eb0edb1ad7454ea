import { exitCodes } from '../core/errors.ts'
import { addLedger, ends, lossReasons, newLedger, pendingRows, type Ledger } from '../core/outcome.ts'
import { allAccounts } from '../pipeline/accounts.ts'
import type { LedgerRow } from '../pipeline/collector.ts'
import { ask } from './client.ts'
import { readOffline } from './offline.ts'
import { outputId, outputName } from './output-id.ts'
import { withStateDir } from './state-dir.ts'
import { tableLines, type Column } from './table.ts'
import type { Stream } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly json?: true
  readonly output?: string
  readonly all?: true
}

export const ledger: Verb = {
  define(command, { env, out }, finish) {
    withStateDir(command, env)
    command.option('--output <name>', 'only the accounts of this output')
    command.option('--all', 'also accounts that other configurations left in this state directory')
    command.option('--json', 'the accounts as JSON')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector ledger': 'what became of every row of the running configuration, per source and output',
        'mcp-collector ledger --all': 'of all configurations that used this state directory',
        'mcp-collector ledger --json | jq .rows': 'for machines'
      })
    )
    command.action(async (options: Options) => {
      const rows = await readLedger(options.stateDir)
      const wanted = rows.filter(row => options.output === undefined || row.output === outputId(options.output))
      const shown = options.all ? wanted : wanted.filter(row => row.configured)
      if (options.json) out.line(JSON.stringify({ rows: shown }))
      else for (const line of options.all ? ledgerLines(out, wanted) : configuredLines(out, wanted)) out.line(line)
      finish(exitCodes.ok)
    })
  }
}

/** Without a running collector no configuration is known: then all accounts are shown. */
async function readLedger(stateDir: string): Promise<readonly LedgerRow[]> {
  const live = await ask<{ rows: readonly LedgerRow[] }>(stateDir, { path: '/api/v1/ledger' })
  if (live !== undefined) return live.rows
  return readOffline(stateDir, state => allAccounts(state, [], () => true))
}

/** The table of the running configuration, and how much is left out of it. */
export function configuredLines(stream: Stream, rows: readonly LedgerRow[], most?: number): string[] {
  const shown = rows.filter(row => row.configured)
  const left = rows.length - shown.length
  const lines = ledgerLines(stream, shown, most)
  if (left === 0) return lines
  const what = left === 1 ? '1 account' : `${left} accounts`
  return [...lines, stream.style('dim', `${what} of other configurations: see "mcp-collector ledger --all"`)]
}

/** The accounts as a table: a column for each way to end that occurs, and a line that sums them where there are several. */
export function ledgerLines(stream: Stream, rows: readonly LedgerRow[], most = Infinity): string[] {
  if (rows.length === 0) return ['No rows yet']
  const columns: Column<LedgerRow>[] = [
    { title: 'source', cell: row => row.name },
    { title: 'output', cell: row => outputName(row.output) },
    { title: 'read', cell: row => row.ledger.read }
  ]
  if (rows.some(row => row.ledger.derived > 0)) columns.push({ title: 'derived', cell: row => row.ledger.derived })
  for (const [i, end] of ends.entries()) {
    const occurs = rows.some(row => row.ledger.rows[i]! > 0)
    if (occurs || end === 'delivered') columns.push({ title: end, cell: row => row.ledger.rows[i]! })
  }
  columns.push({ title: 'pending', cell: row => pendingRows(row.ledger) })
  if (rows.some(row => lostRows(row.ledger) > 0)) columns.push({ title: 'lost', cell: row => lostRows(row.ledger) })
  if (rows.some(row => lostBytes(row.ledger) > 0)) {
    columns.push({ title: 'lost bytes', cell: row => lostBytes(row.ledger) })
  }
  const shown = rows.toSorted((a, b) => b.ledger.read - a.ledger.read).slice(0, most)
  const left = rows.length - shown.length
  const lines = tableLines(stream, columns, rows.length > 1 ? [...shown, total(rows)] : shown)
  if (left > 0) lines.push(stream.style('dim', `${left} more sources are part of the total`))
  return lines
}

function total(rows: readonly LedgerRow[]): LedgerRow {
  const ledger = newLedger()
  for (const row of rows) addLedger(ledger, row.ledger)
  return { source: '', name: 'total', input: '', output: '', position: 0, ledger, configured: true }
}

function lostRows(ledger: Ledger): number {
  return lossReasons.reduce((sum, reason) => sum + (ledger.lostRows[reason] ?? 0), 0)
}

function lostBytes(ledger: Ledger): number {
  return lossReasons.reduce((sum, reason) => sum + (ledger.lostBytes[reason] ?? 0), 0)
}
