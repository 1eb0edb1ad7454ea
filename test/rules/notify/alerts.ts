import type { ReceiverConfig, RulesConfig } from '../../../src/config/config.ts'
import { silentLog } from '../../../src/core/log.ts'
import { Meter } from '../../../src/core/metrics.ts'
import type { Alert } from '../../../src/rules/alert.ts'
import type { NotifyContext } from '../../../src/rules/notify/notifier.ts'
import type { Channel } from '../../../src/rules/notify/channel.ts'
import { FakeClock } from '../../fakes/clock.ts'

const began = Date.UTC(2026, 0, 1)

/** An alert that fires. */
export function alertOf(alertname: string, more: Partial<Alert> = {}): Alert {
  return {
    labels: { alertname },
    annotations: {},
    state: 'firing',
    value: 1,
    activeAt: began - 60_000,
    firedAt: began,
    resolvedAt: 0,
    validUntil: began + 240_000,
    ...more
  }
}

/** The same alert, ended. */
export function ended(alert: Alert, at = began + 30_000): Alert {
  return { ...alert, state: 'inactive', resolvedAt: at }
}

export function receiverAt(url: string, more: Partial<ReceiverConfig> = {}): ReceiverConfig {
  const tls = { caFile: '', certFile: '', keyFile: '', skipVerify: false }
  return { url, user: '', password: '', token: '', headers: {}, tls, timeoutMs: 10_000, ...more }
}

export function rulesAt(more: Partial<RulesConfig>): RulesConfig {
  return {
    files: [],
    maxSeries: 1,
    alertmanagers: [],
    webhooks: [],
    remoteWrite: [],
    externalLabels: {},
    network: { allow: [], deny: [] },
    ...more
  }
}

/** Waits are as long as they may be. */
export function contextOf(clock = new FakeClock(began)): NotifyContext & { clock: FakeClock } {
  return { clock, log: silentLog, meter: new Meter(), random: () => 1 }
}

export function numbersOf(meter: Meter, notifier?: string): Record<string, number> {
  const samples = meter.samples().filter(({ labels }) => notifier === undefined || labels[0] === notifier)
  return Object.fromEntries(samples.map(({ name, labels, value }) => [[name, ...labels.slice(1)].join(' '), value]))
}

/** Remembers what it is told. */
export class FakeChannel implements Channel {
  readonly name = 'am'
  readonly batches: (readonly Alert[])[] = []
  isClosed = false
  /** Decides what becomes of a batch. */
  meet: (alerts: readonly Alert[], signal: AbortSignal) => Promise<void> | void = () => {}

  async send(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    this.batches.push(alerts)
    await this.meet(alerts, signal)
  }

  close(): void {
    this.isClosed = true
  }
}
