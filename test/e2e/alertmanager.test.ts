import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import type { Alert } from '../../src/rules/alert.ts'
import { Notifiers } from '../../src/rules/notify/notifiers.ts'
import { Receiver } from '../fakes/receiver.ts'
import { receiverAt, rulesAt } from '../rules/notify/alerts.ts'
import { buildMs, canStart, eventually, Service } from './service.ts'

/** As Alertmanager shows it. */
interface Shown {
  readonly labels: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
}

/** Whom the Alertmanagers tell. */
let person: Receiver
const alertmanagers: Service[] = []
let notifiers: Notifiers

describe.skipIf(!canStart('alertmanager'))('a real Alertmanager', () => {
  beforeAll(async () => {
    for (let i = 0; i < 2; i++) alertmanagers.push(await Service.start('alertmanager', configFor(`am${i}`)))
  }, buildMs)
  afterAll(async () => {
    await Promise.all(alertmanagers.map(one => one.remove()))
  })
  beforeEach(async () => {
    person = await Receiver.start(undefined, personPort)
  })
  afterEach(async () => {
    await notifiers.stop(1000)
  })

  test('shows an alert that fires, and tells when it fires and when it has ended', async () => {
    open(alertmanagers[0]!)
    const alert = alertOf('Silent')
    notifiers.notify([alert])
    const [shown] = await eventually(
      () => active(0, 'Silent'),
      found => found.length === 1
    )
    expect(shown).toMatchObject({
      labels: { alertname: 'Silent', agent_id: 'a1', cluster: 'test' },
      startsAt: new Date(alert.firedAt).toISOString(),
      endsAt: new Date(alert.validUntil).toISOString(),
      generatorURL: 'https://logs.example/api/v1/rules?type=alert&rule_name%5B%5D=Silent'
    })
    await eventually(
      () => told('am0', 'Silent'),
      states => states.length === 1
    )
    notifiers.notify([{ ...alert, state: 'inactive', resolvedAt: Date.now() }])
    await eventually(
      () => told('am0', 'Silent'),
      states => states.length === 2
    )
    expect(told('am0', 'Silent')).toEqual(['firing', 'resolved'])
    expect(await active(0, 'Silent')).toEqual([])
  })

  test('ends an alert that is not sent again, when it is no longer valid', async () => {
    open(alertmanagers[0]!)
    notifiers.notify([{ ...alertOf('Forgotten'), validUntil: Date.now() + 2000 }])
    await eventually(
      () => told('am0', 'Forgotten'),
      states => states.length === 2
    )
    expect(told('am0', 'Forgotten')).toEqual(['firing', 'resolved'])
  })

  test('that is away is told once it is back, of what is true then; the other one is told at once', async () => {
    open(...alertmanagers)
    await alertmanagers[0]!.stop()
    const [over, goesOn] = [alertOf('Over'), alertOf('GoesOn')]
    notifiers.notify([over, goesOn])
    await eventually(
      () => active(1, 'GoesOn'),
      found => found.length === 1
    )
    await eventually(
      () => status(0),
      ({ waiting, error }) => waiting === 2 && error !== undefined
    )
    notifiers.notify([{ ...over, state: 'inactive', resolvedAt: Date.now() }])
    await alertmanagers[0]!.startAgain()
    await eventually(
      () => active(0, 'GoesOn'),
      found => found.length === 1
    )
    await eventually(
      () => told('am0', 'GoesOn'),
      states => states.length === 1
    )
    expect(await active(0, 'Over')).toEqual([])
    expect(told('am0', 'Over')).toEqual([])
    expect(status(0)).toMatchObject({ waiting: 0, sent: 2, dropped: 0 })
  })

  test('takes 1,000 alerts, and all but one that it does not understand', async () => {
    open(alertmanagers[0]!)
    const alerts = Array.from({ length: 1000 }, (_, i) => alertOf('Many', `a${i}`))
    const wrong = { ...alertOf('Many', 'wrong'), annotations: { '': 'a name that nobody takes' } }
    notifiers.notify([...alerts, wrong])
    await eventually(
      () => status(0),
      ({ waiting }) => waiting === 0
    )
    expect((await active(0, 'Many')).length).toBe(1000)
    expect(status(0)).toMatchObject({ sent: 1000, dropped: 1 })
  })
})

/** Fixed while the tests run: Alertmanagers are told it when they start. */
const personPort = 20_000 + (process.pid % 20_000)

function configFor(name: string): string {
  const webhooks = `[{ url: "http://127.0.0.1:${personPort}/${name}", send_resolved: true }]`
  return `route: { receiver: person, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: person, webhook_configs: ${webhooks} }]
`
}

function open(...services: Service[]): void {
  const receivers = services.map(({ url }) => receiverAt(url))
  const origin = { externalUrl: 'https://logs.example', externalLabels: { cluster: 'test' } }
  const context = { clock: systemClock, log: silentLog, meter: new Meter(), random: Math.random }
  notifiers = new Notifiers(rulesAt({ alertmanagers: receivers, ...origin }), context)
}

function alertOf(alertname: string, agent = 'a1'): Alert {
  const now = Date.now()
  return {
    labels: { agent_id: agent, alertname },
    annotations: { summary: 'No heartbeat' },
    state: 'firing',
    value: 0,
    activeAt: now - 5000,
    firedAt: now,
    resolvedAt: 0,
    validUntil: now + 240_000
  }
}

function status(index: number) {
  return notifiers.status[index]!
}

async function active(index: number, alertname: string): Promise<Shown[]> {
  const filter = encodeURIComponent(`alertname="${alertname}"`)
  return (await alertmanagers[index]!.get(`/api/v2/alerts?active=true&filter=${filter}`)) as Shown[]
}

/** The states of an alert that an Alertmanager has told the person, in order. */
function told(alertmanager: string, alertname: string): string[] {
  const payloads = person.received
    .filter(({ path }) => path === `/${alertmanager}`)
    .map(({ body }) => JSON.parse(body) as { alerts: (Shown & { status: string })[] })
  const states = payloads.flatMap(({ alerts }) => alerts.filter(({ labels }) => labels['alertname'] === alertname))
  return states.map(({ status }) => status)
}
