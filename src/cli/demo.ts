import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exitCodes } from '../core/errors.ts'
import type { Collector } from '../pipeline/collector.ts'
import { load } from './configuration.ts'
import { AlertWatch } from './demo/alert-watch.ts'
import { Fleet } from './demo/fleet.ts'
import { LogFolder } from './demo/log-folder.ts'
import { lineLog } from './log.ts'
import { packageRoot } from './package.ts'
import { refuse } from './problems.ts'
import { runSession, type Session } from './session.ts'
import { listenForSignals } from './signals.ts'
import { asPath } from './state-dir.ts'
import { printable, type Stream, type Terminal } from './terminal.ts'
import { examples, usage, type Verb } from './verb.ts'

interface Options {
  readonly dir?: string
  readonly rate: number
  readonly onlyWrite?: true
}

const configPath = join(packageRoot, 'pipelines', 'demo.yaml')
/** Lines a second, so that people can read them. */
export const usualRate = 3
const highestRate = 10_000
/** How often the fleet writes, and alerts are looked at. */
const stepMs = 100
/** How often a command to try is shown again: what was there at the start has scrolled away. */
const stepsToHint = 200

export const demo: Verb = {
  define(command, terminal, finish) {
    command.argument('[config...]', 'configuration files to add: other outputs, who is told of alerts')
    command.option(
      '--dir <dir>',
      'folder for logs and state, which stays; left out: one that is gone at the end',
      asPath
    )
    command.option('--rate <lines>', 'lines a second', asRate, usualRate)
    command.option('--only-write', 'play the fleet and read nothing: a collector elsewhere does')
    command.addHelpText(
      'after',
      examples({
        'mcp-collector demo': 'agents and services write logs, a collector follows them, alerts fire',
        'mcp-collector demo --rate 500 --dir /tmp/demo': 'more of it, in files that stay',
        'ELASTICSEARCH_URL=http://localhost:9200 mcp-collector demo pipelines/local-elasticsearch.yaml': 'ship it, too',
        'mcp-collector demo --only-write --dir /demo': 'for a collector with pipelines/demo.yaml'
      })
    )
    command.action(async (files: string[], options: Options) => finish(await play(files, options, terminal)))
  }
}

/** Plays the fleet, and shows how it is read, until somebody ends it. Returns the exit code. */
export async function play(files: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const { dir, rate } = options
  const folder = dir ?? mkdtempSync(join(tmpdir(), 'mcp-demo-'))
  const clean = (): void => {
    if (dir === undefined) rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', clean)
  try {
    const logs = new LogFolder(join(folder, 'logs'))
    const write = (log: string, text: string): void => logs.append(log, text)
    const fleet = new Fleet({ startedAt: Date.now(), rate, random: Math.random, write })
    if (options.onlyWrite) return await onlyWrite(fleet, folder, terminal.out)
    return await follow(fleet, files, folder, terminal)
  } finally {
    process.off('exit', clean)
    clean()
  }
}

async function onlyWrite(fleet: Fleet, folder: string, out: Stream): Promise<number> {
  const signals = listenForSignals({ onTerminal: out.isTerminal, reload() {} })
  fleet.advance(Date.now())
  const stop = every(() => fleet.advance(Date.now()))
  out.line(`A fleet writes into ${printable(folder)}/logs until Ctrl-C`)
  await signals.first
  stop()
  signals.close()
  return exitCodes.ok
}

async function follow(fleet: Fleet, files: readonly string[], folder: string, terminal: Terminal): Promise<number> {
  const { env, err } = terminal
  const all = [configPath, ...files]
  const read = (): ReturnType<typeof load> => load({ files: all, overrides: {}, env: { ...env, DEMO_DIR: folder } })
  const loaded = await read()
  if ('problems' in loaded) return refuse(loaded.problems, terminal)
  const { config } = loaded
  const { openCollector } = await import('../pipeline/run.ts')
  const hints = hintsOf(err, folder)
  for (const line of [...introduction(err, folder), ...hints, '']) err.line(line)
  fleet.advance(Date.now())
  let stop: (() => void) | undefined
  const open: Session['open'] = async (...args) => {
    const collector = await openCollector(...args)
    stop = accompany(fleet, collector, hints, err)
    return collector
  }
  try {
    const log = lineLog(config.log.level, err)
    return await runSession({ config, open, load: read, watch: undefined, terminal, log })
  } finally {
    stop?.()
  }
}

/** Lets the fleet go on, tells of alerts, and shows the hints again, one after another. Returns what ends that. */
function accompany(fleet: Fleet, collector: Collector, hints: readonly string[], err: Stream): () => void {
  const alerts = new AlertWatch(err)
  let steps = 0
  return every(() => {
    fleet.advance(Date.now())
    alerts.look(collector.rules())
    steps++
    if (steps % stepsToHint === 0) err.line(hints[(steps / stepsToHint) % hints.length]!)
  })
}

function every(step: () => void): () => void {
  const timer = setInterval(step, stepMs)
  return () => clearInterval(timer)
}

/** What there is to see. */
function introduction(stream: Stream, folder: string): string[] {
  return [
    stream.style(
      'bold',
      `Three agents order from a shop of four services. All of them write logs into ${printable(folder)}/logs:`
    ),
    '  agent-1.log agent-2.log agent-3.log  JSON, with a heartbeat every 5 s',
    '  gateway.log checkout.log             an access log, logfmt',
    '  payments.log inventory.log           Java and Python, with stack traces',
    'Here they are read, normalised and printed. All lines of an order have the same trace id. Alerts will fire:',
    '  after 10 s agent-2 can not log in, after 15 s agent-3 falls silent, for two minutes, after 60 s payments fail',
    'Meanwhile, in another terminal:'
  ]
}

/** Commands to try. */
function hintsOf(stream: Stream, folder: string): string[] {
  const logs = join(folder, 'logs')
  const state = `--state-dir ${join(folder, 'state')}`
  const program = 'npx mcp-collector'
  const commands = {
    [`${program} agents ${state}`]: 'who is there, and who is missing',
    [`${program} top ${state}`]: 'rates, outputs, agents and alerts, live',
    [`${program} tail ${state} '{level="error"}'`]: 'errors alone; any LogQL',
    [`${program} status ${state}`]: 'how far it has come',
    [`${program} detect ${logs}/*`]: 'what these files look like',
    [`DEMO_DIR=${folder} ${program} explain ${logs}/payments.log:1 --config ${configPath}`]: 'what becomes of a line'
  }
  return Object.entries(commands).map(
    ([line, about]) => `  ${stream.style('cyan', printable(line))}  ${stream.style('dim', `# ${about}`)}`
  )
}

function asRate(text: string): number {
  const rate = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || rate <= 0 || rate > highestRate)
    throw usage(`"--rate" must be a number above 0 and not above ${highestRate}`)
  return rate
}
