import { ExitError, exitCodes } from '../core/errors.ts'
import { type End, ends, losses, lossReasons, type NamedLedger, withNames } from '../core/outcome.ts'
import { allAccounts } from '../pipeline/accounts.ts'
import type { CollectorStatus, NamedLedgerRow } from '../pipeline/collector.ts'
import { ask } from './client.ts'
import { readOffline } from './offline.ts'
import { noOutput, outputId, outputName } from './output-id.ts'
import { withStateDir } from './state-dir.ts'
import { counted, formatCount, tableLines, wrapped, type Column } from './table.ts'
import { printable, type Stream } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly json?: true
  readonly output?: string
  readonly source?: string
  readonly all?: true
}
interface Page {
  readonly rows: readonly NamedLedgerRow[]
  readonly next?: string
}

export const ledger: Verb = {
  define(command, { env, out }, finish) {
    withStateDir(command, env)
    command.option('--output <name>', 'only the accounts of this output')
    command.option('--source <text>', 'only the accounts of the source with this id, or this in its path')
    command.option('--all', 'also accounts that other configurations left in this state directory')
    command.option('--json', 'the accounts as JSON')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector ledger': 'what became of every row of the running configuration, per source and output',
        'mcp-collector ledger --output es --source agent.log': 'of one output and one file',
        'mcp-collector ledger --all': 'of all configurations that used this state directory',
        'mcp-collector ledger --json | jq .total': 'for machines',
        'mcp-collector reference ledger': 'what the columns mean, and the reasons for losses'
      })
    )
    command.action(async (options: Options) => {
      const rows = await readLedger(options.stateDir)
      const ofOutput = options.output === undefined ? rows : await rowsOf(options.output, rows, options.stateDir)
      const wanted = options.source === undefined ? ofOutput : rowsFrom(options.source, ofOutput)
      const shown = options.all ? wanted : wanted.filter(row => row.configured)
      if (options.json) out.line(JSON.stringify({ rows: shown, total: total(shown).ledger }))
      else for (const line of options.all ? ledgerLines(out, wanted) : configuredLines(out, wanted)) out.line(line)
      finish(exitCodes.ok)
    })
  }
}

/** Without a running collector no configuration is known: then all accounts are shown. */
async function readLedger(stateDir: string): Promise<readonly NamedLedgerRow[]> {
  const rows: NamedLedgerRow[] = []
  for (let after = ''; ; ) {
    const path = `/api/v1/ledger${after === '' ? '' : `?after=${encodeURIComponent(after)}`}`
    const page = await ask<Page>(stateDir, { path })
    if (page === undefined) return readOffline(stateDir, state => allAccounts(state, [], () => true).map(withNames))
    rows.push(...page.rows)
    if (page.next === undefined) return rows
    after = page.next
  }
}

function rowsFrom(source: string, rows: readonly NamedLedgerRow[]): readonly NamedLedgerRow[] {
  const wanted = rows.filter(row => row.source === source || row.name.includes(source))
  if (wanted.length > 0) return wanted
  throw new ExitError(
    `There is no source with "${source}" in its path: "mcp-collector ledger" lists all`,
    exitCodes.failed
  )
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
  throw noOutput(name, known)
}

/** The table of the running configuration, and how much is left out of it. */
export function configuredLines(stream: Stream, rows: readonly NamedLedgerRow[], most?: number): string[] {
  const shown = rows.filter(row => row.configured)
  const left = rows.length - shown.length
  const lines = ledgerLines(stream, shown, most)
  if (left === 0) return lines
  return [
    ...lines,
    stream.style('dim', `${counted(left, 'account')} of other configurations: see "mcp-collector ledger --all"`)
  ]
}

/** The accounts as a table: a column for each way to end that occurs, and a line that sums them where there are several. */
export function ledgerLines(stream: Stream, rows: readonly NamedLedgerRow[], most = Infinity): string[] {
  if (rows.length === 0) return ['No rows yet']
  const columns: Column<NamedLedgerRow>[] = [
    { title: 'source', cell: row => row.name, canShrink: true },
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
  const all = rows.length > 1 ? [...shown, total(rows)] : shown
  const table = tableLines(stream, columns, all)
  const lines = table[1]!.length > stream.columns ? all.flatMap(row => paragraph(stream, columns, row)) : table
  if (left > 0) lines.push(stream.style('dim', `and ${counted(left, 'more source')} in the total`))
  return [...lines, ...lossLines(stream, rows)]
}

/** An account for a terminal that has no room for its table. */
function paragraph(stream: Stream, columns: readonly Column<NamedLedgerRow>[], row: NamedLedgerRow): string[] {
  const [source, output, ...counts] = columns.map(({ title, cell }) => ({ title, value: cell(row) }))
  const text = counts
    .filter(({ title, value }) => value !== 0 || title === 'read')
    .map(({ title, value }) => `${title} ${formatCount(Number(value))}`)
  const name = printable(String(source!.value))
  return [
    stream.style('bold', row.output === '' ? name : `${name} → ${String(output!.value)}`),
    ...wrapped(text.join(', '), stream.columns - 2).map(line => `  ${line}`)
  ]
}

/** Why something is lost, a line for each reason. */
function lossLines(stream: Stream, rows: readonly NamedLedgerRow[]): string[] {
  const { lost, lostBytes } = total(rows).ledger
  return lossReasons.flatMap(reason => {
    const counts = [
      ...(lost[reason] ? [counted(lost[reason], 'row')] : []),
      ...(lostBytes[reason] ? [counted(lostBytes[reason], 'byte')] : [])
    ]
    if (counts.length === 0) return []
    const text = `lost ${counts.join(', ')}: ${reason}, ${losses[reason]}`
    return wrapped(text, stream.columns - 2).map((line, i) => stream.style('yellow', i === 0 ? line : `  ${line}`))
  })
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
