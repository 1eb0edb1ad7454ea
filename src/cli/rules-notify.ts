import type { Command } from 'commander'
import { hostname } from 'node:os'
import type { RulesConfig } from '../config/config.ts'
import { systemClock } from '../core/clock.ts'
import { exitCodes } from '../core/errors.ts'
import { silentLog } from '../core/log.ts'
import { Meter } from '../core/metrics.ts'
import type { Alert } from '../rules/alert.ts'
import type { NotifierStatus } from '../rules/notify/notifier.ts'
import { load } from './configuration.ts'
import { refuse } from './problems.ts'
import { printable, type Terminal } from './terminal.ts'
import { examples, usage } from './verb.ts'

const patienceMs = 15_000
/** As long as the test is an alert for those who hear nothing more. */
const validMs = 300_000

/** Sends a test alert to everybody whom a configuration tells about alerts. */
export function defineNotify(command: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  const { env, out } = terminal
  command.option('--json', 'the outcomes as JSON')
  command.addHelpText(
    'after',
    examples({
      'mcp-collector rules notify my.yaml':
        'whether everybody under "rules" hears of alerts; exit code 1 if somebody does not'
    })
  )
  command.action(async (files: string[], options: { json?: true }) => {
    const loaded = await load({ files, overrides: {}, env })
    if ('problems' in loaded) return finish(refuse(loaded.problems, terminal))
    const { rules, collector } = loaded.config
    const told = rules === undefined ? [] : await tell(rules, collector.hostName ?? hostname())
    if (told.length === 0)
      throw usage('Nobody is told about alerts: name "alertmanagers", "webhooks" or "remote_write" under "rules"')
    if (options.json) out.line(JSON.stringify(told))
    else for (const one of told) out.line(printable(lineOf(one)))
    finish(told.every(isTold) ? exitCodes.ok : exitCodes.failed)
  })
}

const rule = 'rules notify'

async function tell(config: RulesConfig, host: string): Promise<NotifierStatus[]> {
  const [{ Notifiers }, { seriesOfAlerts }] = await Promise.all([
    import('../rules/notify/notifiers.ts'),
    import('../rules/series.ts')
  ])
  const context = { clock: systemClock, log: silentLog, meter: new Meter(), random: Math.random }
  const notifiers = new Notifiers(config, context)
  const alert = testAlert(host, Date.now())
  notifiers.notify([alert])
  // It is there, and a moment later no longer.
  notifiers.write(rule, seriesOfAlerts([alert]), alert.firedAt)
  notifiers.write(rule, [], alert.firedAt + 1)
  await notifiers.stop(patienceMs)
  return notifiers.status
}

function testAlert(host: string, now: number): Alert {
  return {
    labels: { alertname: 'CollectorTest', host, severity: 'info' },
    annotations: { summary: `A test of mcp-collector on ${host}: nothing is wrong, alerts arrive here` },
    state: 'firing',
    value: 1,
    activeAt: now,
    firedAt: now,
    resolvedAt: 0,
    validUntil: now + validMs
  }
}

function isTold({ sent, dropped }: NotifierStatus): boolean {
  return sent > 0 && dropped === 0
}

function lineOf(one: NotifierStatus): string {
  return isTold(one) ? `ok: ${one.name}` : `failed: ${one.name}: ${one.error ?? 'no answer'}`
}
