import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { Meter } from '../../src/core/metrics.ts'
import { Notifiers } from '../../src/rules/notify/notifiers.ts'
import { seriesOfAlerts } from '../../src/rules/series.ts'
import { receiverAt, rulesAt } from '../rules/notify/alerts.ts'
import { buildMs, canStart, eventually, Service } from './service.ts'

let prometheus: Service

describe.skipIf(!canStart('prometheus'))('a real Prometheus', () => {
  beforeAll(async () => {
    prometheus = await Service.start('prometheus')
  }, buildMs)
  afterAll(() => prometheus.remove())

  test('has alerts and recorded series, which end when they are no longer given', async () => {
    const notifiers = open()
    const now = Math.floor(Date.now() / 1000) * 1000
    const [agents, activeAt] = [100, now - 30_000]
    const alerts = Array.from({ length: agents }, (_, i) => ({
      labels: { agent_id: `агент-${i}`, alertname: 'Silent' },
      activeAt
    }))
    const recorded = { labels: { __name__: 'mcp:errors:rate1m', level: 'error' }, value: 0.25 }
    notifiers.write('pends', seriesOfAlerts(alerts.map(alert => ({ ...alert, state: 'pending' }))), now - 10_000)
    notifiers.write('pends', seriesOfAlerts(alerts.map(alert => ({ ...alert, state: 'firing' }))), now - 5000)
    notifiers.write('records', [recorded], now - 5000)
    await eventually(
      () => notifiers.status[0]!,
      ({ waiting }) => waiting === 0
    )
    expect(notifiers.status).toMatchObject([{ sent: 5 * agents + 1, dropped: 0 }])
    const at = now - 4000
    expect(await query('count by (alertstate, cluster) (ALERTS{alertname="Silent"})', now - 9000)).toEqual([
      [{ alertstate: 'pending', cluster: 'test' }, agents]
    ])
    expect(await query('count by (alertstate) (ALERTS)', at)).toEqual([[{ alertstate: 'firing' }, agents]])
    expect(await query('ALERTS_FOR_STATE{agent_id="агент-7"}', at)).toEqual([
      [expect.objectContaining({ alertname: 'Silent' }), activeAt / 1000]
    ])
    expect(await query('mcp:errors:rate1m', at)).toEqual([
      [{ __name__: 'mcp:errors:rate1m', level: 'error', cluster: 'test' }, 0.25]
    ])
    notifiers.write('pends', [], now - 3000)
    notifiers.write('records', [], now - 3000)
    await notifiers.stop(10_000)
    expect(await query('ALERTS or ALERTS_FOR_STATE or mcp:errors:rate1m', now - 2000)).toEqual([])
  })
})

function open(): Notifiers {
  const remoteWrite = [receiverAt(`${prometheus.url}/api/v1/write`)]
  const context = { clock: systemClock, log: silentLog, meter: new Meter(), random: Math.random }
  return new Notifiers(rulesAt({ remoteWrite, externalLabels: { cluster: 'test' } }), context)
}

/** Labels and value of each series at a time, epoch ms. */
async function query(expression: string, at: number): Promise<[Record<string, string>, number][]> {
  const { data } = (await prometheus.get(
    `/api/v1/query?query=${encodeURIComponent(expression)}&time=${at / 1000}`
  )) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
  return data.result.map(({ metric, value }) => [metric, Number(value[1])])
}
