import { join } from 'node:path'
import { Option } from 'commander'
import type { Config } from '../config/config.ts'
import { formatProblem } from '../config/problems.ts'
import { exitCodes } from '../core/errors.ts'
import { logLevels, openLog, type LogLevel } from './log.ts'
import { packageRoot } from './package.ts'
import { runSession } from './session.ts'
import { asPath } from './state-dir.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples, type Verb } from './verb.ts'

interface Options {
  readonly stateDir?: string
  readonly logLevel?: LogLevel
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
    command.addHelpText(
      'after',
      examples({
        'mcp-collector run': "print this machine's logs, normalised",
        'mcp-collector run > rows.ndjson': 'one JSON object a row, messages on stderr',
        'ELASTICSEARCH_URL=http://localhost:9200 mcp-collector run': 'ship them',
        'mcp-collector run base.yaml prod.yaml': 'an overlay on its base'
      })
    )
    command.action(async (files: string[], options: Options) => {
      const config = await configOf(files.length > 0 ? files : defaultFiles(terminal.env), terminal)
      finish(config === undefined ? exitCodes.badConfiguration : await start(override(config, options), terminal))
    })
  }
}

async function start(config: Config, terminal: Terminal): Promise<number> {
  const log = await openLog(config.log.level, terminal.err)
  const { openCollector } = await import('../pipeline/run.ts')
  return runSession({ config, open: openCollector, terminal, log })
}

/** Zod and yaml are needed just here: loaded late, and not kept by anything of the run. */
async function configOf(files: readonly string[], { env, err }: Terminal): Promise<Config | undefined> {
  const [{ loadConfig }, { components }] = await Promise.all([import('../config/load.ts'), import('../components.ts')])
  const loaded = await loadConfig(files, { env, components })
  if ('config' in loaded) return loaded.config
  for (const problem of loaded.problems) err.line(printable(formatProblem(problem)))
  return undefined
}

function defaultFiles(env: Terminal['env']): string[] {
  const files = ['local.yaml', ...(env.ELASTICSEARCH_URL ? ['local-elasticsearch.yaml'] : [])]
  return files.map(file => join(packageRoot, 'pipelines', file))
}

function override(config: Config, { stateDir, logLevel }: Options): Config {
  return {
    ...config,
    ...(stateDir !== undefined && { collector: { ...config.collector, stateDir } }),
    ...(logLevel !== undefined && { log: { level: logLevel } })
  }
}
