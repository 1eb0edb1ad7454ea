import type { Config } from '../config/config.ts'
import { exitCodes } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { addLedger, ends, newLedger, pendingRows, withNames } from '../core/outcome.ts'
import type { Collector, LedgerRow } from '../pipeline/collector.ts'
import type { RunOptions } from '../pipeline/run.ts'
import { type Listening, openServer, type RunningServer } from '../server/server.ts'
import { bannerLines } from './banner.ts'
import { configuredLines } from './ledger.ts'
import { packageVersion } from './package.ts'
import type { OwnLog } from './log.ts'
import { listenForSignals } from './signals.ts'
import type { Stream, Terminal } from './terminal.ts'
import type { Watch } from './watch.ts'

/** Sources in the table that a run ends with. */
const mostSources = 20
/** What shells report for a program that Ctrl-C ended. */
const interrupted = 130

export interface Session {
  readonly config: Config
  /** `openCollector` of pipeline/run.ts. */
  readonly open: (config: Config, options: RunOptions) => Promise<Collector>
  /** Reads the configuration again. */
  readonly load: RunOptions['load']
  /** Tells when it has changed. */
  readonly watch: Watch | undefined
  readonly terminal: Terminal
  readonly log: OwnLog
}

/** Runs a collector from its first lines to its last ones and returns the exit code. */
export async function runSession({ config, open, load, watch, terminal, log }: Session): Promise<number> {
  const adopt = async (next: Config): Promise<void> => {
    await server.change(listeningOf(next))
    log.level = next.log.level
  }
  const collector = await open(config, { version: packageVersion(), log, load, adopt })
  const server = await openServer(collector, serverOptions(config, log)).catch(async (error: unknown) => {
    await collector.stop()
    throw error
  })
  const reload = (by: string): Promise<unknown> => collector.reload(by)
  const onTerminal = terminal.out.isTerminal || terminal.err.isTerminal
  const signals = listenForSignals({ onTerminal, reload: () => void reload('SIGHUP') })
  try {
    const teller = tellerOf(config, terminal, log)
    await teller.begin(collector, server)
    collector.start()
    watch?.start(() => reload('watch'))
    await Promise.race([signals.first, collector.ended])
    const drained = drain(collector, server, teller)
    return await Promise.race([drained, signals.second.then(() => interrupted)])
  } finally {
    watch?.stop()
    signals.close()
  }
}

async function drain(collector: Collector, server: RunningServer, teller: Teller): Promise<number> {
  teller.draining()
  const accounts = await collector.stop()
  await server.close()
  teller.end(accounts)
  return exitCodes.ok
}

function serverOptions(config: Config, log: Log): Parameters<typeof openServer>[1] {
  return { ...listeningOf(config), stateDir: config.collector.stateDir, log }
}

function listeningOf({ server, metrics }: Config): Listening {
  return { listen: server.listen, token: server.token, metricsListen: metrics?.listen }
}

/** Tells how a run begins and ends. */
interface Teller {
  begin(collector: Collector, server: RunningServer): Promise<void>
  draining(): void
  end(accounts: readonly LedgerRow[]): void
}

function tellerOf(config: Config, { out, err }: Terminal, log: Log): Teller {
  const stdoutIsData = config.outputs.some(output => output.use === 'stdout')
  const stream = stdoutIsData || !out.isTerminal ? err : out
  return stream.isTerminal ? lineTeller(stream) : logTeller(log)
}

function lineTeller(stream: Stream): Teller {
  return {
    async begin(collector, server) {
      for (const line of bannerLines(stream, await collector.status(), server)) stream.line(line)
    },
    draining: () => stream.line(stream.style('dim', 'Draining …')),
    end: accounts => {
      for (const line of configuredLines(stream, accounts.map(withNames), mostSources)) stream.line(line)
    }
  }
}

/** The same for a log that machines read. */
function logTeller(log: Log): Teller {
  return {
    async begin(collector, server) {
      const { inputs, problems, stateDir, version } = await collector.status()
      for (const { name, paths, sourceCount, notes } of inputs) {
        log.info('Following', { input: name, paths: paths.join(', '), sources: sourceCount })
        for (const { reason, files, text } of notes) log.info(`Not read: ${text}`, { input: name, files, why: reason })
      }
      for (const { input, path, reason } of problems.slice(0, 10)) log.warn('Cannot read', { input, path, reason })
      const { address, metricsAddress } = server
      log.info('Started', { version, listen: address, metrics: metricsAddress, stateDir, unreadable: problems.length })
    },
    draining: () => log.info('Draining'),
    end: accounts => {
      const configured = accounts.filter(row => row.configured)
      for (const [output, rows] of Object.entries(Object.groupBy(configured, row => row.output))) {
        const sum = newLedger()
        for (const row of rows!) addLedger(sum, row.ledger)
        const counts = Object.fromEntries(ends.map((end, i) => [end, sum.rows[i]!]))
        log.info('Stopped', { output, read: sum.read, ...counts, pending: pendingRows(sum) })
      }
    }
  }
}
