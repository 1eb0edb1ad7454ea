import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { oneOf } from '../config/wording.ts'
import { exitCodes } from '../core/errors.ts'
import type { Refused } from '../pipeline/trace/explain.ts'
import { load } from './configuration.ts'
import { knownOf } from './known.ts'
import { refuse } from './problems.ts'
import { asPath } from './state-dir.ts'
import { formatBytes } from './table.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly config?: readonly string[]
  readonly input?: string
  readonly stateDir?: string
  readonly ask?: true
  readonly json?: true
}

/** Follows one line through everything that a collector does with it. */
export const explain: Verb = {
  define(command, terminal, finish) {
    command.argument('<file:line>', 'a line of a log file, by its number; of archives, of what they hold')
    command.option('--config <file...>', 'configuration files, as for "run"')
    command.option('--input <name>', 'the input; left out: the one that takes the file')
    command.option('--state-dir <dir>', 'state directory, instead of the one in the configuration', asPath)
    command.option('--ask', 'ask the outputs that can be asked whether they have the row; nothing is written')
    command.option('--json', 'the same as JSON')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector explain /var/log/agent.log:42 --config my.yaml': 'input, framing, fields, steps, documents',
        'mcp-collector explain app.log:7 --config my.yaml --ask': 'also whether Elasticsearch has it',
        'mcp-collector explain app.log:7 --json | jq .pipelines[].outputs': 'for programs'
      })
    )
    command.action(async (line: string, options: Options) => finish(await run(line, options, terminal)))
  }
}

async function run(place: string, options: Options, terminal: Terminal): Promise<number> {
  const { env, out, err } = terminal
  const { path, line } = placeOf(place)
  const { config: files = [], stateDir, input } = options
  const loaded = await load({ files, overrides: stateDir === undefined ? {} : { stateDir }, env })
  if ('problems' in loaded) return refuse(loaded.problems, terminal)
  const { config } = loaded
  const { explainLine } = await import('../pipeline/trace/explain.ts')
  const { planOf } = await import('../pipeline/plan.ts')
  const plan = await planOf(config)
  if (input !== undefined && !plan.inputs.some(({ name }) => name === input))
    throw usage(`No input "${input}": there is ${oneOf(plan.inputs.map(({ name }) => name))}`)
  const { stored, hostId } = await knownOf(config)
  if (hostId === undefined)
    err.line('No collector has run here yet, and this machine has no id: ids of rows will be others')
  const { explained } = await import('./explain-report.ts')
  const report = await explainLine(
    {
      plan,
      path,
      line,
      input,
      stored,
      hostId: hostId ?? '',
      hostName: config.collector.hostName ?? hostname(),
      onProgress: bytes => err.progress(`${formatBytes(bytes)} read`)
    },
    (explanation, tracer) => explained(explanation, { path, line, tracer, isAsked: options.ask === true })
  ).finally(() => err.progress(''))
  if (!('input' in report)) return tellRefused(report.refused, path, options, terminal)
  const { explainLines } = await import('./explain-text.ts')
  if (options.json) out.line(JSON.stringify(report))
  else for (const text of explainLines(out, report)) out.line(text)
  return exitCodes.ok
}

function placeOf(text: string): { readonly path: string; readonly line: number } {
  const [, path, line] = /^(.+):([1-9]\d{0,14})$/s.exec(text) ?? []
  if (path === undefined) throw usage(`Cannot explain "${text}": name a line of it, as in "${text}:1"`)
  return { path: resolve(path), line: Number(line) }
}

function tellRefused(refused: readonly Refused[], path: string, { json }: Options, { out, err }: Terminal): number {
  if (json) out.line(JSON.stringify({ file: path, input: null, refused }))
  else {
    err.line(`${err.style('red', 'error:')} No input takes "${printable(path)}"`)
    for (const { input, reason } of refused) err.line(printable(`  ${input}: ${reason}`))
  }
  return exitCodes.failed
}
