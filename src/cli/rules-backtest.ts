import type { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { ExitError, exitCodes, messageOf } from '../core/errors.ts'
import type { OldLog } from '../pipeline/backtest/backtest.ts'
import type { Way } from '../pipeline/plain-way.ts'
import { load } from './configuration.ts'
import { refuse } from './problems.ts'
import { formatBytes, formatCount, formatDuration } from './table.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'
import { examples, usage } from './verb.ts'

interface Options {
  readonly rules: readonly string[]
  readonly service: string
  readonly config: readonly string[]
  readonly input?: string
  readonly from?: number
  readonly to?: number
  readonly json?: true
}

/** Old logs, and what rules would have said. */
export function defineBacktest(command: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  command.argument('<rules>', 'a rule file')
  command.argument(
    '<log...>',
    'log files, gzip and zstd too; those of several agents are read together, by the times of their rows'
  )
  command.option('--rules <file>', 'another rule file; may be repeated', (file, all: string[]) => [...all, file], [])
  command.option(
    '--config <file>',
    'a configuration whose input and steps rows go through; may be repeated',
    (file, all: string[]) => [...all, file],
    []
  )
  command.option('--input <name>', 'the input; left out: the one that follows the first log, or the only one')
  command.option('--service <name>', 'service of rows that name none, as "service" of an input', '')
  command.option('--from <time>', 'alerts from then on, as 2026-11-30T12:00:00Z', timeOf)
  command.option('--to <time>', 'evaluate until then; may be behind the last row', timeOf)
  command.option('--json', 'the alerts and a summary as JSON')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector rules backtest rules.yaml agent.log agent.log.1.gz': 'which alerts would have fired, and when',
      'mcp-collector rules backtest rules.yaml *.log --service mcp-agent --json': 'where rows name no service',
      'mcp-collector rules backtest rules.yaml agent.log --config my.yaml': 'as a collector with it would read the log'
    })
  )
  command.action(async (rules: string, logs: string[], options: Options) => {
    if (options.input !== undefined && options.config.length === 0)
      throw usage('Cannot use --input without --config: name the configuration that has this input')
    finish(await run([rules, ...options.rules], logs, options, terminal))
  })
}

async function run(
  files: readonly string[],
  paths: readonly string[],
  options: Options,
  terminal: Terminal
): Promise<number> {
  const { out, err, env } = terminal
  const { loadRules } = await import('../rules/load.ts')
  const loaded = loadRules(files, { loki: false })
  if ('problems' in loaded) return refuse(loaded.problems, terminal)
  const config = options.config.length === 0 ? undefined : await load({ files: options.config, overrides: {}, env })
  if (config !== undefined && 'problems' in config) return refuse(config.problems, terminal)
  const way = config && (await wayThrough(config.config, paths, options.input))
  const { backtest } = await import('../pipeline/backtest/backtest.ts')
  const logs = await logsOf(paths, options.service)
  const began = performance.now()
  const report = await backtest({
    groups: loaded.groups,
    logs,
    way,
    fromMs: options.from,
    toMs: options.to,
    onProgress: showing(err, logs, began)
  }).finally(() => err.progress(''))
  const { backtestLines, backtestReport } = await import('./backtest-report.ts')
  const shown = backtestReport(report, performance.now() - began)
  if (options.json) out.line(JSON.stringify(shown))
  else for (const line of backtestLines(out, shown)) out.line(line)
  for (const [path, reason] of Object.entries(report.problems)) {
    err.line(`${err.style('red', 'error:')} Cannot read "${printable(path)}" to its end: ${printable(reason)}`)
  }
  return Object.keys(report.problems).length > 0 ? exitCodes.failed : exitCodes.ok
}

async function wayThrough(config: Config, paths: readonly string[], input: string | undefined): Promise<Way> {
  const [{ planOf }, { wayOf }] = await Promise.all([
    import('../pipeline/plan.ts'),
    import('../pipeline/backtest/way.ts')
  ])
  return wayOf(await planOf(config), paths, input)
}

async function logsOf(paths: readonly string[], service: string): Promise<OldLog[]> {
  const { openWhole } = await import('../inputs/file/whole.ts')
  return paths.map(path => {
    try {
      return { whole: openWhole(path), service, fields: {} }
    } catch (error) {
      throw new ExitError(`Cannot read "${path}": ${messageOf(error)}`, exitCodes.failed, error)
    }
  })
}

const barWidth = 20

/** How far it is: in files, as they lie there. What archives hold is not known before it is read. */
function showing(stream: Stream, logs: readonly OldLog[], began: number) {
  const hasArchives = logs.some(({ whole }) => whole.content.isSequential === true)
  const all = logs.reduce((sum, { whole }) => sum + whole.bytes, 0)
  return ({ rows, bytes }: { readonly rows: number; readonly bytes: number }): void => {
    const ms = Math.max(1, performance.now() - began)
    const speed = `${formatCount(rows)} rows, ${formatCount(Math.round((rows * 1000) / ms))} rows/s`
    if (hasArchives) return stream.progress(`${formatBytes(bytes)}, ${speed}`)
    const part = Math.min(1, all === 0 ? 1 : bytes / all)
    const full = Math.round(part * barWidth)
    const left = part > 0 ? `, ${formatDuration((ms * (1 - part)) / part)} left` : ''
    const bar = `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${Math.floor(part * 100)} %`
    stream.progress(`${bar}  ${formatBytes(bytes)} of ${formatBytes(all)}, ${speed}${left}`)
  }
}

function timeOf(text: string): number {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw usage(`Cannot use "${text}" as a time: write it as 2026-11-30T12:00:00Z`)
  return ms
}
