import { expect, it } from 'vitest'
import type { ReceiverConfig, RulesConfig, WebhookConfig } from '../../../src/config/config.ts'
import { Notifiers } from '../../../src/rules/notify/notifiers.ts'
import { Receiver } from '../../fakes/receiver.ts'
import { readRequest, unsnappy } from './remote-write-reader.ts'
import { alertOf, contextOf, receiverAt, rulesAt } from './alerts.ts'

const alert = alertOf('A')
const series = [{ labels: { __name__: 'up' }, value: 1 }]
const nothing = { notices: [], store: () => {} }

interface Changed {
  readonly kept: ReceiverConfig
  readonly other: ReceiverConfig
}

async function change(of: (receivers: Changed) => [before: Partial<RulesConfig>, after: Partial<RulesConfig>]) {
  const [kept, other] = [await Receiver.start(), await Receiver.start()]
  const [before, after] = of({ kept: receiverAt(kept.url), other: receiverAt(other.url) })
  const notifiers = new Notifiers(rulesAt(before), contextOf())
  notifiers.notify([alert])
  notifiers.write('r', series, 1000)
  const changed = notifiers.change(rulesAt(after), 5000, () => nothing)
  notifiers.write('r', series, 2000)
  const fresh = await changed
  fresh.notify([alert])
  await notifiers.stop(5000)
  return { kept: kept.received, other: other.received, status: notifiers.status }
}

it('a receiver that is new is told what stands, one that is the same nothing twice', async () => {
  const { kept, other, status } = await change(({ kept, other }) => [
    { alertmanagers: [kept] },
    { alertmanagers: [other, kept] }
  ])
  expect([kept.length, other.length]).toEqual([1, 1])
  expect(status.map(({ sent }) => sent)).toEqual([1, 1])
})

it('a receiver that is none any more hears what it was not told yet, and no more', async () => {
  const { kept, other } = await change(({ kept, other }) => [
    { alertmanagers: [kept, other] },
    { alertmanagers: [kept] }
  ])
  expect([kept.length, other.length]).toEqual([1, 1])
})

it('a receiver with other options, or other labels for all, is a new one', async () => {
  const { kept, other } = await change(({ kept, other }) => [
    { alertmanagers: [kept, other] },
    { alertmanagers: [kept, { ...other, token: 't' }] }
  ])
  expect([kept.length, other.length]).toEqual([1, 2])
  const labelled = await change(({ kept }) => [
    { alertmanagers: [kept] },
    { alertmanagers: [kept], externalLabels: { cluster: 'eu' } }
  ])
  expect(labelled.kept).toHaveLength(2)
})

it('a webhook is told once', async () => {
  const { kept, other } = await change(({ kept, other }) => [
    { webhooks: [webhook('kept', kept)] },
    { webhooks: [webhook('kept', kept), webhook('other', other)] }
  ])
  expect([kept.length, other.length]).toEqual([1, 1])
})

it('samples that are given meanwhile are written to all', async () => {
  const { kept, other } = await change(({ kept, other }) => [{ remoteWrite: [kept] }, { remoteWrite: [kept, other] }])
  const times = [kept, other].map(all => all.flatMap(({ bytes }) => readRequest(unsnappy(bytes))).map(({ at }) => at))
  expect(times).toEqual([[1000, 2000], [2000]])
})

function webhook(name: string, receiver: ReceiverConfig): WebhookConfig {
  const times = { groupWaitMs: 0, groupIntervalMs: 1000, repeatIntervalMs: 3_600_000 }
  return {
    name,
    type: 'generic',
    receiver,
    secret: '',
    groups: { ...times, groupBy: [], sendResolved: true, maxPerMinute: 60 }
  }
}
