import type { Command } from 'commander'
import { ExitError, exitCodes } from '../core/errors.ts'
import type { CollectorStatus, LetterInfo, ReplayResult } from '../pipeline/collector.ts'
import type { LetterQuery } from '../state/letters.ts'
import { ask, notRunning } from './client.ts'
import { readOffline } from './offline.ts'
import { noOutput, outputId, outputName } from './output-id.ts'
import { undecidedText } from './outputs.ts'
import { withStateDir } from './state-dir.ts'
import { tableLines } from './table.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly json?: true
  readonly output?: string
  readonly all?: true
  readonly limit: number
}
type ShownLetter = LetterInfo & { readonly row?: string }
type Page = { readonly letters: readonly LetterInfo[]; readonly next?: number }
/** Ids that were named and that no letter has. */
type Missing = { readonly missing: readonly number[] }
type Finish = (exitCode: number) => void

const route = '/api/v1/dead-letters'
/** The most that one answer holds. */
const maxPage = 1000
/** Ids that a message names. */
const mostMissing = 10

/** Dead letters: rows that an output refused for good. */
export const dlq: Verb = {
  define(command, terminal, finish) {
    defineList(command.command('list').description('list dead letters, the newest first'), terminal, finish)
    defineShow(command.command('show <id>').description('show a dead letter with its row'), terminal, finish)
    defineReplay(command.command('replay [id...]').description('send dead letters again'), terminal, finish)
    defineDrop(command.command('drop [id...]').description('delete dead letters'), terminal, finish)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector dlq list --output es': 'what Elasticsearch refused, and why',
        'mcp-collector dlq show 17': 'the row as it was sent',
        'mcp-collector dlq replay --all': 'send all of them again, after mending the cause',
        'mcp-collector dlq drop 17 18': 'give two of them up'
      })
    )
  }
}

function defineList(command: Command, { env, out }: Terminal, finish: Finish): void {
  withStateDir(command, env)
  command.option('--output <name>', 'only those of this output')
  command.option('--limit <count>', 'at most so many', asCount, 100)
  command.option('--json', 'the letters as JSON')
  command.addHelpText(
    'after',
    examples({ 'mcp-collector dlq list --json | jq .letters[].reason': 'why rows were refused' })
  )
  command.action(async (options: Options) => {
    const letters = await readLetters(options)
    if (options.json) out.line(JSON.stringify({ letters }))
    else if (letters.length === 0) for (const line of await emptyLines(options)) out.line(printable(line))
    else for (const line of tableLines(out, listColumns, letters)) out.line(line)
    if (!options.json && letters.length === options.limit) {
      out.line(out.style('dim', `the newest ${options.limit}: --limit shows more`))
    }
    finish(exitCodes.ok)
  })
}

const listColumns = [
  { title: 'id', cell: (letter: LetterInfo) => letter.id },
  { title: 'output', cell: (letter: LetterInfo) => outputName(letter.output) },
  { title: 'at', cell: (letter: LetterInfo) => new Date(letter.at).toISOString() },
  { title: 'status', cell: (letter: LetterInfo) => letter.status },
  { title: 'type', cell: (letter: LetterInfo) => letter.type },
  { title: 'reason', cell: (letter: LetterInfo) => shortened(letter.reason) }
]

/** There are none, or just not yet. */
async function emptyLines({ stateDir, output }: Options): Promise<string[]> {
  const undecided = (await outputsOf(stateDir, output))
    .filter(({ name }) => output === undefined || name === outputId(output))
    .flatMap(one => (one.undecided === undefined ? [] : [`${outputName(one.name)}: ${undecidedText(one.undecided)}`]))
  return ['No dead letters', ...undecided]
}

/** Those of a running collector. It must have the named one, if any: called where no letter is of that. */
async function outputsOf(stateDir: string, name: string | undefined): Promise<CollectorStatus['outputs']> {
  const status = await ask<CollectorStatus>(stateDir, { path: '/api/v1/status' })
  if (status === undefined) return []
  const known = status.outputs.map(output => output.name)
  if (name !== undefined && !known.includes(outputId(name))) throw noOutput(name, known)
  return status.outputs
}

async function readLetters({ stateDir, output, limit }: Options): Promise<readonly LetterInfo[]> {
  const letters: LetterInfo[] = []
  while (letters.length < limit) {
    const query: LetterQuery = {
      limit: Math.min(maxPage, limit - letters.length),
      ...(letters.length > 0 && { before: letters.at(-1)?.id }),
      ...(output !== undefined && { output: outputId(output) })
    }
    const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const page = await ask<Page>(stateDir, { path: `${route}?${search.join('&')}` })
    const found = page?.letters ?? (await readOffline(stateDir, state => state.letters.list(query)))
    letters.push(...found)
    if (found.length < query.limit) break
  }
  return letters
}

function defineShow(command: Command, { env, out }: Terminal, finish: Finish): void {
  withStateDir(command, env)
  command.option('--json', 'the letter as JSON')
  command.addHelpText(
    'after',
    examples({ 'mcp-collector dlq show 17': 'why row 17 was refused, and the row as it was sent' })
  )
  command.action(async (id: string, options: Options) => {
    const letter = await readLetter(options.stateDir, asCount(id))
    if (options.json) out.line(JSON.stringify(letter))
    else for (const line of letterLines(letter)) out.line(line)
    finish(exitCodes.ok)
  })
}

/** A dead letter as the API shows it: the row as text, or nothing where it is damaged. */
async function readLetter(stateDir: string, id: number): Promise<ShownLetter> {
  const live = await ask<ShownLetter>(stateDir, { path: `${route}/${id}` })
  if (live !== undefined) return live
  const stored = await readOffline(stateDir, state => state.letters.get(id))
  if (stored === undefined) throw new ExitError(`There is no dead letter ${id} in "${stateDir}"`, exitCodes.failed)
  const { row, ...info } = stored
  return row === undefined ? info : { ...info, row: row.toString() }
}

function letterLines({ id, output, source, position, length, status, type, reason, at, row }: ShownLetter): string[] {
  return [
    `dead letter ${id} of output ${printable(outputName(output))}, ${new Date(at).toISOString()}`,
    `source ${source}, position ${position}, length ${length}`,
    `status ${status}, ${printable(type)}: ${printable(reason)}`,
    ...(row === undefined ? ['its row is damaged'] : row.replace(/\n$/, '').split('\n').map(printable))
  ]
}

function defineReplay(command: Command, { env, out, err }: Terminal, finish: Finish): void {
  withSelection(command, env)
  command.addHelpText('after', examples({ 'mcp-collector dlq replay --all --output es': 'all of one output' }))
  command.action(async (ids: string[], options: Options) => {
    const body = await selectionOf(ids, options)
    err.progress('dead letters are sent again')
    const question = { method: 'POST', path: `${route}/replay`, body } as const
    const result = await ask<ReplayResult & Missing>(options.stateDir, question).finally(() => err.progress(''))
    if (result === undefined) throw notRunning(options.stateDir)
    const { delivered, refused, unsent, reasons } = result
    if (options.json) out.line(JSON.stringify(result))
    else out.line(`delivered ${delivered}, refused again ${refused}, not sent ${unsent}`)
    if (!options.json) for (const reason of reasons) err.line(printable(reason))
    throwIfMissing(result)
    finish(refused + unsent === 0 ? exitCodes.ok : exitCodes.failed)
  })
}

function defineDrop(command: Command, { env, out }: Terminal, finish: Finish): void {
  withSelection(command, env)
  command.addHelpText('after', examples({ 'mcp-collector dlq drop 17 18': 'give two of them up' }))
  command.action(async (ids: string[], options: Options) => {
    const body = await selectionOf(ids, options)
    const result = await ask<{ dropped: number } & Missing>(options.stateDir, { method: 'DELETE', path: route, body })
    if (result === undefined) throw notRunning(options.stateDir)
    out.line(options.json ? JSON.stringify(result) : `dropped ${result.dropped}`)
    throwIfMissing(result)
    finish(exitCodes.ok)
  })
}

function withSelection(command: Command, env: Terminal['env']): void {
  withStateDir(command, env)
  command.option('--all', 'all dead letters instead of the named ones')
  command.option('--output <name>', 'with --all: only those of this output')
  command.option('--json', 'the outcome as JSON')
}

async function selectionOf(ids: readonly string[], options: Options): Promise<object> {
  const { all, output, stateDir } = options
  if (all ? ids.length > 0 : ids.length === 0) throw usage('Name either the ids of dead letters or --all')
  if (!all && output !== undefined) throw usage('--output goes with --all')
  if (output !== undefined && (await readLetters({ ...options, limit: 1 })).length === 0)
    await outputsOf(stateDir, output)
  if (all) return { all, ...(output !== undefined && { output: outputId(output) }) }
  return { ids: ids.map(asCount) }
}

/** The others were done, and said. */
function throwIfMissing({ missing }: Missing): void {
  if (missing.length === 0) return
  const some = `${missing.slice(0, mostMissing).join(', ')}${missing.length > mostMissing ? ' …' : ''}`
  const message = missing.length === 1 ? `There is no dead letter ${some}` : `There are no dead letters ${some}`
  throw new ExitError(message, exitCodes.failed)
}

function asCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw usage(`"${text}" is not a positive whole number`)
  return count
}

function shortened(reason: string): string {
  return reason.length > 80 ? `${reason.slice(0, 79)}…` : reason
}
