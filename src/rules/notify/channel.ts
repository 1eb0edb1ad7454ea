import type { Alert } from '../alert.ts'

/** Tells alerts, or something else, to one receiver. */
export interface Channel<T = Alert> {
  /** For logs and metrics: a name, or an address without what is secret in it. */
  readonly name: string
  /** Tries once. Throws `SendError`: `split` where this will never be taken as it is. */
  send(all: readonly T[], signal: AbortSignal): Promise<void>
  close(): void
}

/** What all alerts of this collector say of it. */
export interface Origin {
  /** Where people reach it, without a slash at the end; undefined: nobody said. */
  readonly externalUrl: string | undefined
  readonly externalLabels: Readonly<Record<string, string>>
}

/** Labels as receivers get them: those of the collector, too, unless the alert has its own. */
export function labelsOf(alert: Alert, { externalLabels }: Origin): Record<string, string> {
  return { ...externalLabels, ...alert.labels }
}

/** Where the rule of an alert is shown, in the form of Prometheus' API. */
export function generatorUrl({ labels }: Alert, { externalUrl }: Origin): string | undefined {
  if (externalUrl === undefined) return undefined
  const query = new URLSearchParams([
    ['type', 'alert'],
    ['rule_name[]', labels['alertname'] ?? '']
  ])
  return `${externalUrl}/api/v1/rules?${query.toString()}`
}

/** The same for each state of an alert. */
export function identityOf({ labels }: Pick<Alert, 'labels'>): string {
  return JSON.stringify(labels)
}
