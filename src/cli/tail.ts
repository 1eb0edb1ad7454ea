import { IncomingMessage } from 'node:http'
import { Option } from 'commander'
import { formatProblem } from '../config/problems.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { TailRefusal } from '../pipeline/collector.ts'
import { eventsOf, listen, notRunning, type Reply } from './client.ts'
import { withStateDir } from './state-dir.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly format?: 'text' | 'json'
  readonly json?: true
  readonly lines?: number
  readonly color: boolean
}

const signals = ['SIGINT', 'SIGTERM'] as const

export const tail: Verb = {
  define(command, terminal, finish) {
    command.argument('[query]', 'the rows to show, in LogQL; left out: all')
    withStateDir(command, terminal.env)
    command.option('-n, --lines <count>', 'end after so many rows', asCount)
    command.addOption(
      new Option('--format <format>', 'lines for people, or JSON; left out: what the reader is').choices([
        'text',
        'json'
      ])
    )
    command.option('--json', 'one JSON object a row, as --format json')
    command.option('--no-color', 'without colours')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector tail': 'every row, as it is read',
        [`mcp-collector tail '{level="error"}'`]: 'errors of all services',
        [`mcp-collector tail '{service_name="auth"} |~ "login|logout"'`]: 'what one service says of something',
        [`mcp-collector tail '{level!="debug"} | line_format "{{.status}} {{.path}}"'`]: 'with messages made of fields',
        [`mcp-collector tail -n 1 --json '{trace_id=~"0af.*"}' | jq`]: 'the next row of a trace, whole'
      })
    )
    command.action(async (query: string | undefined, options: Options) => {
      finish(await show(query ?? '', options, terminal))
    })
  }
}

async function show(query: string, { stateDir, lines, ...look }: Options, terminal: Terminal): Promise<number> {
  const { out, err, env } = terminal
  const format = look.json ? 'json' : (look.format ?? (out.isTerminal ? 'text' : 'json'))
  const hasColor = look.color && out.isTerminal && !env.NO_COLOR
  const wanted = new URLSearchParams({ query, format, color: hasColor ? 'true' : 'false' })
  const answer = await listen(stateDir, `/api/v1/tail?${wanted.toString()}`)
  if (answer === undefined) throw notRunning(stateDir)
  if (!(answer instanceof IncomingMessage)) return refused(query, answer, terminal)
  const say = (text: string): void => err.line(look.color ? err.style('dim', text) : text)
  if (out.isTerminal) say('Rows from now on; Ctrl-C ends')
  const isSafe = format === 'text' || !out.isTerminal
  const line = (row: string): void => out.line(isSafe ? row : printable(row))
  return follow(answer, { line, say, lines })
}

interface Following {
  readonly line: (row: string) => void
  /** To people. */
  readonly say: (text: string) => void
  readonly lines: number | undefined
}

/** Until there were so many rows, somebody wants it to end, or the collector ends. */
async function follow(response: IncomingMessage, { line, say, lines }: Following): Promise<number> {
  let isStopped = false
  let left = lines ?? Infinity
  const stop = (): void => {
    isStopped = true
    response.destroy()
  }
  for (const signal of signals) process.once(signal, stop)
  try {
    for await (const { name, data } of eventsOf(response)) {
      if (name === 'left_out') say(leftOut(Number(data)))
      else line(data)
      if (name === '' && --left === 0) return exitCodes.ok
    }
    say('The collector has ended')
  } catch (error) {
    if (!isStopped) throw new ExitError('The collector is gone, without a word of an end', exitCodes.failed, error)
  } finally {
    for (const signal of signals) process.off(signal, stop)
    response.destroy()
  }
  return exitCodes.ok
}

function leftOut(rows: number): string {
  return `… ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} left out`
}

/** A mistake in the query is told as those of files are. */
function refused(query: string, { body }: Reply, { err }: Terminal): number {
  const { error, position } = body as TailRefusal
  if (position === undefined) throw new ExitError(`The collector answered: ${error}`, exitCodes.failed)
  const before = query.slice(0, position).split('\n')
  const place = { file: 'query', line: before.length, column: Array.from(before.at(-1) ?? '').length + 1 }
  err.line(printable(formatProblem({ ...place, message: error })))
  return exitCodes.badConfiguration
}

function asCount(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw usage('"--lines" must be a positive whole number')
  return Number(text)
}
