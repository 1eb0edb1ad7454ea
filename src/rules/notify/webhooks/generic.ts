import { hash } from 'node:crypto'
import type { Alert } from '../../alert.ts'
import { generatorUrl, labelsOf, type Origin } from '../channel.ts'
import { common, statusOf } from '../message.ts'
import type { Platform } from './platform.ts'

/** How Alertmanager writes that a firing alert has no end. */
const noEnd = '0001-01-01T00:00:00Z'

/** The payload of Alertmanager's webhooks, version 4, and title and message as Grafana adds them.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export const generic: Platform = {
  request({ alerts, receiver, groupBy, origin, message }) {
    const labels = alerts.map(alert => labelsOf(alert, origin))
    const names = groupBy.includes('...') ? Object.keys(labels[0] ?? {}) : groupBy
    const groupLabels = Object.fromEntries(
      names.map(name => [name, labels[0]?.[name] ?? '']).filter(([, value]) => value !== '')
    )
    const pairs = Object.entries(groupLabels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    return {
      body: {
        version: '4',
        groupKey: `{}:{${pairs.join(', ')}}`,
        truncatedAlerts: 0,
        status: statusOf(alerts),
        receiver,
        groupLabels,
        commonLabels: common(labels),
        commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
        externalURL: origin.externalUrl ?? '',
        title: message.title,
        message: message.texts.join('\n\n'),
        alerts: alerts.map(alert => shown(alert, origin))
      }
    }
  }
}

function shown(alert: Alert, origin: Origin): object {
  const isFiring = alert.state === 'firing'
  const labels = labelsOf(alert, origin)
  return {
    status: isFiring ? 'firing' : 'resolved',
    labels,
    annotations: alert.annotations,
    startsAt: new Date(alert.firedAt).toISOString(),
    endsAt: isFiring ? noEnd : new Date(alert.resolvedAt).toISOString(),
    generatorURL: generatorUrl(alert, origin) ?? '',
    fingerprint: fingerprint(labels)
  }
}

/** The same for the same labels; which number it is is nobody's business. */
function fingerprint(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify(sorted)).slice(0, 16)
}
