import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { oneOf } from '../config/wording.ts'
import { ExitError, exitCodes } from '../core/errors.ts'
import { silentLog } from '../core/log.ts'
import type { StoredState } from '../core/record.ts'
import { resetKey } from '../pipeline/holds.ts'
import type { StateTables } from '../state/state-tables.ts'
import { outputId, outputName } from './output-id.ts'
import { openState } from './state-open.ts'
import { withStateDir } from './state-dir.ts'
import { counted } from './table.ts'
import { isConfirmed, type Terminal } from './terminal.ts'
import { examples, usage } from './verb.ts'

interface Options {
  readonly stateDir: string
  readonly source?: string
  readonly input?: string
  readonly output?: string
  readonly all?: true
  readonly yes?: true
  readonly json?: true
}

/** What is to be forgotten, and the consequence in words. */
interface Reset {
  readonly sources: readonly string[]
  readonly consequence: string
  readonly apply: (tables: StateTables) => void
}

const again = 'what they hold is read again, and sent again under the same ids'

export function defineReset(command: Command, terminal: Terminal, finish: (code: number) => void): void {
  withStateDir(command, terminal.env)
  command.option('--source <text>', 'forget the source with this id, or this in its path')
  command.option('--input <name>', 'forget all sources of this input')
  command.option('--output <name>', 'forget where this output stands: it begins as a new one does, see its start_from')
  command.option('--all', 'forget everything but the dead letters, accounts too')
  command.option('--yes', 'do not ask')
  command.option('--json', 'the outcome as JSON')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector state reset --source /var/log/agent.log': 'read this file again from its beginning',
      'mcp-collector state reset --output es --yes': 'let an output begin anew, without a question',
      'mcp-collector state reset --all': 'as if no collector had ever run here'
    })
  )
  command.action(async (options: Options) => {
    const { stateDir, yes, json } = options
    if (!existsSync(join(stateDir, 'state.db')))
      throw failed(`There is no state in "${stateDir}": name its --state-dir`)
    const state = await openState(stateDir, 'reset the state', silentLog)
    try {
      const { sources, consequence, apply } = resetOf(options, state.load())
      if (!yes && !(await isConfirmed(terminal, `${consequence}. Go on?`))) throw failed('Nothing was changed')
      state.change(tables => {
        apply(tables)
        tables.write({ kind: 'note', key: resetKey, value: 'yes' })
      })
      terminal.out.line(json ? JSON.stringify({ sources }) : `Done: ${consequence}`)
    } finally {
      state.close()
    }
    finish(exitCodes.ok)
  })
}

function resetOf(options: Options, state: StoredState): Reset {
  const { source, input, output, all } = options
  const named = [source, input, output, all].filter(one => one !== undefined)
  if (named.length !== 1) throw usage('Name one of --source, --input, --output and --all')
  if (all) return resetAll(state)
  if (output !== undefined) return resetOutput(output, state)
  const wanted = state.sources.filter(one =>
    input === undefined ? one.id === source || pathsOf(one).some(path => path.includes(source!)) : one.input === input
  )
  if (wanted.length === 0 && input !== undefined) {
    throw unknown('input', input, new Set(state.sources.map(one => one.input)))
  }
  if (wanted.length === 0) throw failed(`There is no source with "${source}" in its path: "state show" lists all`)
  const ids = wanted.map(({ id }) => id)
  return {
    sources: ids,
    consequence: `${counted(wanted.length, 'source')} ${wanted.length === 1 ? 'is' : 'are'} forgotten: ${again}`,
    apply: tables => ids.forEach(id => tables.write({ kind: 'forget', source: id }))
  }
}

function resetOutput(name: string, { cursors }: StoredState): Reset {
  const id = outputId(name)
  const own = cursors.filter(cursor => cursor.output === id)
  if (own.length === 0) throw unknown('output', name, new Set(cursors.map(cursor => outputName(cursor.output))))
  const where = counted(own.length, 'source')
  return {
    sources: own.map(cursor => cursor.source),
    consequence: `Output "${name}" forgets where it stands in ${where}: it begins as a new one does, see its start_from`,
    apply: tables => void tables.forgetOutput(id)
  }
}

function resetAll({ sources }: StoredState): Reset {
  return {
    sources: sources.map(({ id }) => id),
    consequence: `${counted(sources.length, 'source')} and all accounts are forgotten: ${again}`,
    apply: tables => tables.clear()
  }
}

function pathsOf({ name, file }: StoredState['sources'][number]): string[] {
  return [name, String(file['path'] ?? '')]
}

function unknown(what: string, name: string, known: ReadonlySet<string>): ExitError {
  const rest = known.size === 0 ? 'none has a source yet' : `known are ${oneOf([...known])}`
  return failed(`There is no ${what} "${name}": ${rest}`)
}

function failed(message: string): ExitError {
  return new ExitError(message, exitCodes.failed)
}
