import { Option } from 'commander'
import { load, type Overrides, type Source } from './configuration.ts'
import { logLevels, openLog } from './log.ts'
import { refuse } from './problems.ts'
import { runSession } from './session.ts'
import { asPath } from './state-dir.ts'
import type { Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'
import { Watch } from './watch.ts'

interface Options extends Overrides {
  readonly watch?: true
  readonly demo?: true
}

export const run: Verb = {
  define(command, terminal, finish) {
    command.argument(
      '[config...]',
      "configuration files, merged in this order; none: this machine's logs, see pipelines/"
    )
    command.option('--state-dir <dir>', 'state directory, instead of the one in the configuration', asPath)
    command.addOption(
      new Option('--log-level <level>', 'level of its own log, instead of the one in the configuration').choices(
        logLevels
      )
    )
    command.option('--watch', 'reload whenever one of the files changes, as SIGHUP and "mcp-collector reload" do')
    command.option('--demo', 'what "mcp-collector demo" does: files are added to its configuration')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector run': "print this machine's logs, normalised",
        'mcp-collector run > rows.ndjson': 'one JSON object a row, messages on stderr',
        'ELASTICSEARCH_URL=http://localhost:9200 mcp-collector run': 'ship them',
        'ALERTMANAGER_URL=http://localhost:9093 mcp-collector run': 'tell an Alertmanager of agents that fall silent',
        'mcp-collector run base.yaml prod.yaml': 'an overlay on its base',
        'mcp-collector run --watch my.yaml': 'changes of the file and of what its ${file:…} name are taken over'
      })
    )
    command.action(async (files: string[], options: Options) => {
      const { watch, demo, ...overrides } = options
      if (demo) return finish(await playDemo(files, terminal))
      finish(await start({ files, overrides, env: terminal.env, watch: watch && new Watch() }, terminal))
    })
  }
}

async function playDemo(files: readonly string[], terminal: Terminal): Promise<number> {
  const { play, usualRate } = await import('./demo.ts')
  return play(files, { rate: usualRate }, terminal)
}

async function start(source: Source, terminal: Terminal): Promise<number> {
  const loaded = await load(source)
  if ('problems' in loaded) return refuse(loaded.problems, terminal)
  const { config } = loaded
  const log = await openLog(config.log.level, terminal.err)
  const { openCollector } = await import('../pipeline/run.ts')
  return runSession({ config, open: openCollector, load: () => load(source), watch: source.watch, terminal, log })
}
