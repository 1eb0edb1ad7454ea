import { oneOf } from '../config/wording.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import { type End, ends, lossReasons, type NamedLedger, withNames } from '../core/outcome.ts'
import { allAccounts } from '../pipeline/accounts.ts'
import type { CollectorStatus, NamedLedgerRow } from '../pipeline/collector.ts'
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
      const wanted = options.output === undefined ? rows : await rowsOf(options.output, rows, options.stateDir)
      const shown = options.all ? wanted : wanted.filter(row => row.configured)
      if (options.json) out.line(JSON.stringify({ rows: shown }))
      else for (const line of options.all ? ledgerLines(out, wanted) : configuredLines(out, wanted)) out.line(line)
      finish(exitCodes.ok)
    })
  }
}

/** Without a running collector no configuration is known: then all accounts are shown. */
async function readLedger(stateDir: string): Promise<readonly NamedLedgerRow[]> {
  const live = await ask<{ rows: readonly NamedLedgerRow[] }>(stateDir, { path: '/api/v1/ledger' })
  if (live !== undefined) return live.rows
  return readOffline(stateDir, state => allAccounts(state, [], () => true).map(withNames))
}

/** The accounts of one output. A configured one may have none yet; any other name is a mistake. */
async function rowsOf(
  name: string,
  rows: readonly NamedLedgerRow[],
  stateDir: string
): Promise<readonly NamedLedgerRow[]> {
  const id = outputId(name)
  const wanted = rows.filter(row => row.output === id)
  if (wanted.length > 0) return wanted
  const live = await ask<CollectorStatus>(stateDir, { path: '/api/v1/status' })
  const known = new Set([...(live?.outputs ?? []).map(output => output.name), ...rows.map(row => row.output)])
  if (known.has(id)) return wanted
  const names = [...known].map(outputName)
  const rest = names.length === 0 ? 'none has rows yet' : `known are ${oneOf(names)}`
  throw new ExitError(`There is no output "${name}": ${rest}`, exitCodes.failed)
}

/** The table of the running configuration, and how much is left out of it. */
export function configuredLines(stream: Stream, rows: readonly NamedLedgerRow[], most?: number): string[] {
  const shown = rows.filter(row => row.configured)
  const left = rows.length - shown.length
  const lines = ledgerLines(stream, shown, most)
  if (left === 0) return lines
  const what = left === 1 ? '1 account' : `${left} accounts`
  return [...lines, stream.style('dim', `${what} of other configurations: see "mcp-collector ledger --all"`)]
}

/** The accounts as a table: a column for each way to end that occurs, and a line that sums them where there are several. */
export function ledgerLines(stream: Stream, rows: readonly NamedLedgerRow[], most = Infinity): string[] {
  if (rows.length === 0) return ['No rows yet']
  const columns: Column<NamedLedgerRow>[] = [
    { title: 'source', cell: row => row.name },
    { title: 'output', cell: row => outputName(row.output) },
    { title: 'read', cell: row => row.ledger.read }
  ]
  if (rows.some(row => row.ledger.derived > 0)) columns.push({ title: 'derived', cell: row => row.ledger.derived })
  for (const end of ends) {
    const occurs = rows.some(row => row.ledger[end] > 0)
    if (occurs || end === 'delivered') columns.push({ title: end, cell: row => row.ledger[end] })
  }
  columns.push({ title: 'pending', cell: row => row.ledger.pending })
  if (rows.some(row => sumOf(row.ledger.lost) > 0)) {
    columns.push({ title: 'lost', cell: row => sumOf(row.ledger.lost) })
  }
  if (rows.some(row => sumOf(row.ledger.lostBytes) > 0)) {
    columns.push({ title: 'lost bytes', cell: row => sumOf(row.ledger.lostBytes) })
  }
  const shown = rows.toSorted((a, b) => b.ledger.read - a.ledger.read).slice(0, most)
  const left = rows.length - shown.length
  const lines = tableLines(stream, columns, rows.length > 1 ? [...shown, total(rows)] : shown)
  if (left > 0) lines.push(stream.style('dim', `${left} more sources are part of the total`))
  return lines
}

function total(rows: readonly NamedLedgerRow[]): NamedLedgerRow {
  const sum = (count: (ledger: NamedLedger) => number) => rows.reduce((all, { ledger }) => all + count(ledger), 0)
  const byReason = (lost: (ledger: NamedLedger) => NamedLedger['lost']) =>
    Object.fromEntries(lossReasons.map(reason => [reason, sum(ledger => lost(ledger)[reason] ?? 0)]))
  const ledger: NamedLedger = {
    ...(Object.fromEntries(ends.map(end => [end, sum(one => one[end])])) as Record<End, number>),
    read: sum(one => one.read),
    derived: sum(one => one.derived),
    pending: sum(one => one.pending),
    lost: byReason(one => one.lost),
    lostBytes: byReason(one => one.lostBytes)
  }
  return { source: '', name: 'total', input: '', output: '', position: 0, ledger, configured: true }
}

function sumOf(lost: NamedLedger['lost']): number {
  return lossReasons.reduce((sum, reason) => sum + (lost[reason] ?? 0), 0)
}
