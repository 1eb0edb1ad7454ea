import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import { endOf, ends } from '../core/outcome.ts'
import type { DeadLetter, StoredState } from '../core/record.ts'
import { FileLines } from '../pipeline/file-lines.ts'
import { knownHostId } from '../pipeline/host-id.ts'
import { planOf } from '../pipeline/plan.ts'
import type { Comparison, StrangeRow } from '../pipeline/verify.ts'
import { fileOfPlan, type FileOfPlan, type FileToVerify } from '../pipeline/verify-plan.ts'
import { load } from './configuration.ts'
import { readOffline } from './offline.ts'
import { outputName } from './output-id.ts'
import { refuse } from './problems.ts'
import { asPath } from './state-dir.ts'
import { counted, formatBytes, formatCount, tableLines } from './table.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'
import { unpacked } from './unpacked.ts'
import { examples, type Verb } from './verb.ts'

interface Options {
  readonly output: string
  readonly config?: readonly string[]
  readonly stateDir?: string
  readonly json?: true
}

/** Why a row is not in the output, in words. */
const reasons = {
  pending: 'not settled yet: the cursor of the output stands before them',
  dead_letter: 'refused, and among the dead letters: see "mcp-collector dlq list"',
  backlog_evicted: 'not there: the output has given up rows of this file (max_backlog)',
  left_out: 'not there: throttle or dedupe have left rows of this file out, and may have chosen others than now',
  unexplained: 'settled, and not there: deleted there since, or cut otherwise by time'
} as const
type Why = keyof typeof reasons

/** Rows that are listed for people; JSON has a thousand of each kind. */
const mostShown = 10

interface Report {
  readonly file: string
  readonly output: string
  readonly source: string | undefined
  /** The state directory knows the file. */
  readonly known: boolean
  readonly equal: boolean
  readonly rows: number
  readonly found: number
  /** Rows that the configuration does not send, by how they end. */
  readonly leftOut: Readonly<Record<string, number>>
  readonly missing: Readonly<Partial<Record<Why, Listed>>>
  readonly double: Listed
  /** Bytes before the place where reading began. */
  readonly skippedBytes: number
  /** Bytes behind the last row: a line without an end is none yet. */
  readonly unfinishedBytes: number
}
type ShownRow = StrangeRow & { readonly line: number }
interface Listed {
  readonly rows: number
  readonly list: readonly ShownRow[]
}

/** Compares a file with what an output has of it. */
export const verify: Verb = {
  define(command, terminal, finish) {
    command.argument(
      '<file>',
      'a file that an input follows, or followed before it was rotated and compressed (gzip, zstd)'
    )
    command.requiredOption(
      '--output <name>',
      'the output to ask; its user or API key needs read and view_index_metadata'
    )
    command.option('--config <file...>', 'configuration files, as for "run"')
    command.option('--state-dir <dir>', 'state directory, instead of the one in the configuration', asPath)
    command.option('--json', 'the comparison as JSON')
    command.addHelpText('after', '\nWhat is compressed is decompressed into a file in TMPDIR meanwhile.')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector verify /var/log/agent.log --output es --config my.yaml':
          'exit code 0: every row is there once; 1: not so',
        'mcp-collector verify app.log.2.gz --output es --config my.yaml --json':
          'with positions and lines of what differs'
      })
    )
    command.action(async (file: string, options: Options) => finish(await run(resolve(file), options, terminal)))
  }
}

async function run(file: string, options: Options, terminal: Terminal): Promise<number> {
  const { env, out, err } = terminal
  const { config: files = [], stateDir } = options
  const loaded = await load({ files, overrides: stateDir === undefined ? {} : { stateDir }, env })
  if ('problems' in loaded) return refuse(loaded.problems, terminal)
  const onProgress = (bytes: number): void => err.progress(`${formatBytes(bytes)} decompressed`)
  const report = await unpacked(file, onProgress, contentPath => {
    return compareFile({ path: file, contentPath }, options.output, { config: loaded.config, err })
  }).finally(() => err.progress(''))
  if (options.json) out.line(JSON.stringify(report))
  else for (const line of reportLines(out, report)) out.line(line)
  return report.equal ? exitCodes.ok : exitCodes.failed
}

async function compareFile(
  file: FileToVerify,
  output: string,
  { config, err }: { readonly config: Config; readonly err: Stream }
): Promise<Report> {
  const { stateDir } = config.collector
  const plan = await planOf(config)
  const { part, why } = await readOffline(stateDir, reader => {
    const state = reader.load()
    const part = fileOfPlan(plan, file, output, state)
    return { part, why: whyOf(part, state, lettersOf(part, reader.letters.all())) }
  })
  const hostId = knownHostId(stateDir)
  if (hostId === undefined)
    throw new ExitError(`Cannot tell the ids of rows: "${stateDir}" has no host-id`, exitCodes.failed)
  const { compare } = await import('../pipeline/verify.ts')
  const hostName = config.collector.hostName ?? hostname()
  const comparison = await compare({
    ...part,
    hostId,
    hostName,
    why,
    onProgress: (rows, { read, size }) =>
      err.progress(`${formatCount(rows)} rows compared, ${formatBytes(read)} of ${formatBytes(size)}`)
  })
  return reportOf(file, part, comparison)
}

/** Places of the rows of the file among the dead letters of the output. */
function lettersOf({ output, stored }: FileOfPlan, letters: Iterable<DeadLetter>): Set<string> {
  const places = new Set<string>()
  for (const letter of letters) {
    const isOwn = letter.output === output && letter.source === stored.sources[0]?.id
    if (isOwn) places.add(`${letter.position} ${letter.length}`)
  }
  return places
}

function whyOf({ output, stored }: FileOfPlan, { cursors }: StoredState, letters: ReadonlySet<string>) {
  const cursor = cursors.find(one => one.output === output && one.source === stored.sources[0]?.id)
  const settled = cursor?.position ?? 0
  const hasLeftOut = [endOf.throttled, endOf.deduplicated].some(end => (cursor?.ledger.rows[end] ?? 0) > 0)
  const settledWhy = hasLeftOut ? 'left_out' : 'unexplained'
  const otherwise = cursor?.ledger.lostRows.backlog_evicted ? 'backlog_evicted' : settledWhy
  return (position: number, length: number): Why => {
    if (letters.has(`${position} ${length}`)) return 'dead_letter'
    return position >= settled ? 'pending' : otherwise
  }
}

async function reportOf(
  { path: file, contentPath }: FileToVerify,
  { output, stored, plan }: FileOfPlan,
  comparison: Comparison
): Promise<Report> {
  const { source, ledger, startAt, missing, double, problems } = comparison
  if (source === undefined && problems.length > 0) {
    throw new ExitError(`Cannot read "${file}": ${problems[0]}`, exitCodes.failed)
  }
  const lists = [...Object.values(missing), double].flatMap(({ list }) => list)
  const text = new FileLines(contentPath, plan.inputs[0]!.follow)
  const lines = await text.numbersOf(lists.map(({ position }) => position)).finally(() => text.close())
  const shown = ({ rows, list }: Comparison['double']): Listed => {
    return { rows, list: list.map(row => ({ ...row, line: lines.get(row.position)! })) }
  }
  const missingRows = Object.values(missing).reduce((sum, { rows }) => sum + rows, 0)
  const [asked = 0] = ledger.rows
  const leftOut = ends.flatMap((end, i) => (i > 0 && ledger.rows[i]! > 0 ? [[end, ledger.rows[i]!] as const] : []))
  return {
    file,
    output,
    source: source?.id,
    known: stored.sources.length > 0,
    equal: missingRows + double.rows === 0,
    rows: ledger.read,
    found: asked - missingRows,
    leftOut: Object.fromEntries(leftOut),
    missing: Object.fromEntries(Object.entries(missing).map(([why, rows]) => [why, shown(rows)])),
    double: shown(double),
    skippedBytes: startAt,
    unfinishedBytes: Math.max(0, (source?.size ?? 0) - (source?.settled ?? 0))
  }
}

function reportLines(out: Stream, report: Report): string[] {
  const { file, output, rows, found, leftOut, missing, double, skippedBytes, unfinishedBytes } = report
  const name = outputName(output)
  return [
    `${printable(file)}: ${counted(rows, 'row')} in it, ${formatCount(found)} of them in ${name}`,
    ...(report.known ? [] : [out.style('yellow', 'No collector with this state directory has met this file yet')]),
    ...(skippedBytes > 0 ? [`${formatBytes(skippedBytes)} before the place where reading began were left out`] : []),
    ...Object.entries(leftOut).map(
      ([end, count]) => `${counted(count, 'row')} ${end} by the configuration, and not sent`
    ),
    ...(unfinishedBytes > 0 ? [`${formatBytes(unfinishedBytes)} behind the last row have no line end yet`] : []),
    ...missingLines(out, missing),
    ...(double.rows > 0 ? [out.style('red', `twice: ${counted(double.rows, 'row')} in more than one index`)] : []),
    ...(double.rows > 0 ? listLines(out, double) : []),
    report.equal ? out.style('green', 'equal: every row is there once') : out.style('red', 'not equal')
  ]
}

function missingLines(out: Stream, missing: Report['missing']): string[] {
  return (Object.keys(reasons) as Why[]).flatMap(why => {
    const strange = missing[why]
    if (strange === undefined) return []
    const text = `missing: ${counted(strange.rows, 'row')} ${reasons[why]}`
    return [out.style(why === 'unexplained' ? 'red' : 'yellow', text), ...listLines(out, strange)]
  })
}

function listLines(out: Stream, { rows, list }: Listed): string[] {
  const columns = [
    { title: '  line', cell: (row: ShownRow) => row.line },
    { title: 'position', cell: (row: ShownRow) => row.position },
    { title: 'length', cell: (row: ShownRow) => row.length },
    { title: 'in', cell: (row: ShownRow) => row.places.join(', ') }
  ]
  const shown = list.slice(0, mostShown)
  const wanted = shown.every(row => row.places.length === 0) ? columns.slice(0, -1) : columns
  const left = rows - shown.length
  return [...tableLines(out, wanted, shown), ...(left > 0 ? [out.style('dim', `  and ${formatCount(left)} more`)] : [])]
}
