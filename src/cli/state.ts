import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { exitCodes } from '../core/errors.ts'
import type { StoredState } from '../core/record.ts'
import { fromStored } from '../inputs/file/stored.ts'
import { ask } from './client.ts'
import { readOffline } from './offline.ts'
import { outputName } from './output-id.ts'
import { withStateDir } from './state-dir.ts'
import { defineReset } from './state-reset.ts'
import { defineExport, defineImport } from './state-transfer.ts'
import { counted, formatBytes, formatDuration, tableLines } from './table.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

const files = ['state.db', 'state.db-wal', 'backup.db', 'letters.db', 'letters.db-wal'] as const

interface ShownState {
  readonly stateDir: string
  readonly isRunning: boolean
  /** Version of the layout of state.db. */
  readonly layout: number
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly changedAt: number }[]
  readonly sources: readonly ShownSource[]
  /** Dead letters by output. */
  readonly letters: Readonly<Record<string, { readonly count: number; readonly bytes: number }>>
}

interface ShownSource {
  readonly id: string
  readonly input: string
  /** Where it was seen last. */
  readonly path: string
  readonly size: number
  /** Epoch ms. */
  readonly seenAt: number
  /** Nothing of it can be read any more, or it was rotated and is read to its end. */
  readonly isOver: boolean
  readonly cursors: readonly { readonly output: string; readonly position: number }[]
}

/** What a collector keeps over restarts. */
export const state: Verb = {
  define(command, terminal, finish) {
    defineShow(
      command.command('show').description('show which files are known, and where outputs stand'),
      terminal,
      finish
    )
    defineReset(command.command('reset').description('forget files or outputs'), terminal, finish)
    defineExport(command.command('export <file>').description('write the state to a file'), terminal, finish)
    defineImport(command.command('import <file>').description('begin with an exported state'), terminal, finish)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector state show': 'which files are known, and where each output stands in them',
        'mcp-collector state reset --source /var/log/agent.log': 'read this file again from its beginning',
        'mcp-collector state export backup.ndjson': 'a copy in one file, also while a collector runs',
        'mcp-collector state import backup.ndjson': 'go on there, in an empty state directory'
      })
    )
  }
}

function defineShow(command: Command, { env, out }: Terminal, finish: (code: number) => void): void {
  withStateDir(command, env)
  command.option('--json', 'everything as JSON')
  command.addHelpText(
    'after',
    examples({ "mcp-collector state show --json | jq '.sources[].cursors'": 'for machines' })
  )
  command.action(async ({ stateDir, json }: { stateDir: string; json?: true }) => {
    const shown = await readState(stateDir)
    if (json) out.line(JSON.stringify(shown))
    else for (const line of stateLines(out, shown)) out.line(line)
    finish(exitCodes.ok)
  })
}

async function readState(stateDir: string): Promise<ShownState> {
  const isRunning = (await ask(stateDir, { path: '/livez' })) !== undefined
  const { newestLayout } = await import('../state/reader.ts')
  return readOffline(stateDir, reader => ({
    stateDir,
    isRunning,
    layout: newestLayout,
    files: files.flatMap(name => {
      const stat = lstatSync(join(stateDir, name), { throwIfNoEntry: false })
      return stat === undefined ? [] : [{ name, bytes: stat.size, changedAt: Math.round(stat.mtimeMs) }]
    }),
    sources: sourcesOf(reader.load()),
    letters: Object.fromEntries(reader.letters.totals())
  }))
}

function sourcesOf({ sources, cursors }: StoredState): ShownSource[] {
  const bySource = Map.groupBy(cursors, cursor => cursor.source)
  return sources.map(source => {
    const { id, input, path, size, seenAt, isOver, isEnded } = fromStored(source)
    const own = (bySource.get(id) ?? []).map(({ output, position }) => ({ output, position }))
    return { id, input, path, size, seenAt, isOver: isOver || isEnded, cursors: own }
  })
}

function stateLines(out: Stream, { stateDir, isRunning, layout, files, sources, letters }: ShownState): string[] {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const backup = files.find(({ name }) => name === 'backup.db')
  const copied =
    backup === undefined ? 'no backup yet' : `backup of ${formatDuration(Date.now() - backup.changedAt)} ago`
  return [
    `state in ${printable(stateDir)}: ${isRunning ? 'a collector runs on it' : 'no collector runs on it'}`,
    `layout ${layout}, ${formatBytes(bytes)}, ${copied}, ${counted(sources.length, 'source')}`,
    ...Object.entries(letters).map(
      ([output, { count, bytes }]) =>
        `${counted(count, 'dead letter')} of output ${outputName(output)}, ${formatBytes(bytes)}`
    ),
    ...(sources.length === 0 ? [] : ['', ...sourceLines(out, sources)])
  ]
}

interface Line extends ShownSource {
  readonly output: string
  readonly position: number
}

function sourceLines(out: Stream, sources: readonly ShownSource[]): string[] {
  const lines: Line[] = sources.flatMap(source => {
    const cursors = source.cursors.length === 0 ? [{ output: '', position: 0 }] : source.cursors
    return cursors.map(cursor => ({ ...source, ...cursor }))
  })
  const behind = ({ size, position }: Line): number => Math.max(0, size - position)
  return tableLines(
    out,
    [
      { title: 'source', cell: line => `${line.path}${line.isOver ? ' (over)' : ''}`, canShrink: true },
      { title: 'id', cell: line => line.id },
      { title: 'output', cell: line => outputName(line.output) },
      { title: 'position', cell: line => line.position },
      { title: 'behind', cell: line => formatBytes(behind(line)) }
    ],
    lines.toSorted((a, b) => behind(b) - behind(a))
  )
}
