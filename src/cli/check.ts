import { hostname } from 'node:os'
import { components } from '../components.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { readDuration } from '../config/units.ts'
import { exitCodes } from '../core/errors.ts'
import { refuse } from './problems.ts'
import type { Terminal } from './terminal.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly json?: true
  readonly probe?: true
  readonly timeout: number
}

/** Of a server or an input that is looked at, ms. */
const defaultTimeoutMs = 10_000
/** Nobody waits longer, and timers of Node.js can not be set to more than 24 days. */
const longestTimeoutMs = 3_600_000

export const check: Verb = {
  define(command, terminal, finish) {
    command.argument('<file...>', 'configuration files, merged in this order')
    command.option('--json', 'the problems as JSON')
    command.option(
      '--probe',
      'also look at what they name: files of inputs, and servers, their certificates, versions and clocks; nothing is sent to them'
    )
    command.option('--timeout <duration>', 'how long to wait for each, left out: 10s', durationOf, defaultTimeoutMs)
    command.addHelpText(
      'after',
      examples({
        'mcp-collector check my.yaml': 'all mistakes at once, as file:line:column: message; exit code 2',
        'mcp-collector check my.yaml --probe': 'whether files can be read and servers answer; exit code 1: not all',
        'mcp-collector check base.yaml prod.yaml': 'an overlay on its base'
      })
    )
    command.action(async (files: string[], options: Options) => finish(await run(files, options, terminal)))
  }
}

async function run(files: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const { env, out } = terminal
  const loaded = await loadConfig(files, { env, components })
  if ('problems' in loaded) return refuse(loaded.problems, terminal, options.json)
  const { inputs, outputs, pipelines } = loaded.config
  const counts = { inputs: inputs.length, outputs: outputs.length, pipelines: pipelines.length }
  if (options.probe) return probed(loaded.config, counts, options, terminal)
  if (options.json) out.line(JSON.stringify({ ok: true, ...counts }))
  else out.line(`ok: ${countsText(counts)}`)
  return exitCodes.ok
}

async function probed(
  config: Config,
  counts: Counts,
  { json, timeout }: Options,
  { env, out }: Terminal
): Promise<number> {
  const [{ probe }, { planOf }, { knownOf }, { probeLines }] = await Promise.all([
    import('../pipeline/probe/probe.ts'),
    import('../pipeline/plan.ts'),
    import('./known.ts'),
    import('./probe-text.ts')
  ])
  const { rules, collector } = config
  const { stored, hostId = '' } = await knownOf(config)
  const hostName = collector.hostName ?? hostname()
  const checks = await probe({ plan: await planOf(config), rules, stored, hostId, hostName, env, timeoutMs: timeout })
  const isOk = checks.every(({ state }) => state !== 'failed')
  if (json) out.line(JSON.stringify({ ok: isOk, ...counts, checks }))
  else
    for (const line of [`The configuration is right: ${countsText(counts)}`, ...probeLines(out, checks)]) out.line(line)
  return isOk ? exitCodes.ok : exitCodes.failed
}

type Counts = Readonly<Record<string, number>>

function countsText(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`)
    .join(', ')
}

function durationOf(text: string): number {
  const reading = readDuration(text)
  if ('value' in reading && reading.value > 0 && reading.value <= longestTimeoutMs) return reading.value
  const why = 'refused' in reading ? reading.refused : 'expected more than 0s and not more than 1h'
  throw usage(`Cannot use "${text}" for --timeout: ${why}`)
}
