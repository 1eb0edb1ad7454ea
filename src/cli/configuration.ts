import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import type { LogLevel } from './log.ts'
import { packageRoot } from './package.ts'
import type { Terminal } from './terminal.ts'
import type { Watch } from './watch.ts'

/** What the command line says besides the files. */
export interface Overrides {
  readonly stateDir?: string
  readonly logLevel?: LogLevel
}

/** Where the configuration of a run comes from: read at the start, and by each reload in the same way. */
export interface Source {
  /** None: this machine's logs. */
  readonly files: readonly string[]
  readonly overrides: Overrides
  readonly env: Terminal['env']
  /** Is told what is read. */
  readonly watch?: Watch | undefined
}

/** Zod and yaml are needed just here: loaded late, and not kept by anything of the run. */
export async function load({ files, overrides, env, watch }: Source): Promise<Loaded> {
  const [{ loadConfig }, { components }] = await Promise.all([import('../config/load.ts'), import('../components.ts')])
  const named = files.length > 0 ? files : defaultFiles(env)
  watch?.clear()
  for (const file of named) watch?.reading(file)
  const loaded = await loadConfig(named, { env, components, onFile: path => watch?.reading(path) })
  return 'config' in loaded ? { config: override(loaded.config, overrides) } : loaded
}

function defaultFiles(env: Terminal['env']): string[] {
  const files = [
    'local.yaml',
    ...(env.ELASTICSEARCH_URL ? ['local-elasticsearch.yaml'] : []),
    ...(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT ? ['local-otlp.yaml'] : []),
    ...(env.ALERTMANAGER_URL ? ['local-alertmanager.yaml'] : [])
  ]
  return files.map(file => join(packageRoot, 'pipelines', file))
}

function override(config: Config, { stateDir, logLevel }: Overrides): Config {
  return {
    ...config,
    ...(stateDir !== undefined && { collector: { ...config.collector, stateDir } }),
    ...(logLevel !== undefined && { log: { level: logLevel } })
  }
}
