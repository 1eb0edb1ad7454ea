import { components } from '../../components.ts'
import type { ReceiverConfig, RulesConfig } from '../../config/config.ts'
import type { OutputDefinition } from '../../config/define.ts'
import { Addresses } from '../../core/addresses.ts'
import { systemClock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import { Keys } from '../../core/keys.ts'
import { silentLog } from '../../core/log.ts'
import { Meter } from '../../core/metrics.ts'
import type { Output } from '../../core/output.ts'
import type { Finding, ServerProbe } from '../../core/probe.ts'
import type { StoredState } from '../../core/record.ts'
import type { OutputPlan, Plan } from '../plan.ts'
import { filesOf } from './files.ts'
import { proxyOf } from './proxies.ts'
import { reach } from './reach.ts'

/** What clocks may differ by: `Date` has whole seconds, and answers take some. */
const tolerableMs = 5000

/** What was found out about one thing that the configuration names. */
export interface Check extends Finding {
  /** `output "es"`. */
  readonly of: string
  /** Of a server, without user, password and path. */
  readonly at?: string
}

export interface ProbeOptions {
  readonly plan: Plan
  readonly rules: RulesConfig | undefined
  readonly hostName: string
  readonly hostId: string
  /** What earlier runs know. */
  readonly stored: StoredState
  readonly env: Readonly<Record<string, string | undefined>>
  /** For each server and each input. */
  readonly timeoutMs: number
}

/** Looks at everything that a configuration names, all at once: the files of inputs, and servers, which get no row and no alert. */
export async function probe(options: ProbeOptions): Promise<Check[]> {
  const { plan, rules, timeoutMs, ...known } = options
  const inputs = plan.inputs.map(async input => {
    const found = await filesOf(input, { ...known, signal: AbortSignal.timeout(timeoutMs) })
    return found.map(finding => ({ of: `input "${input.name}"`, ...finding }))
  })
  const outputs = plan.outputs.map(output => outputChecks(output, options))
  const receivers =
    rules === undefined ? [] : receiversOf(rules).map(([of, one]) => receiverChecks(of, one, rules, options))
  return (await Promise.all([...inputs, ...outputs, ...receivers])).flat()
}

async function outputChecks(plan: OutputPlan, options: ProbeOptions): Promise<Check[]> {
  const of = `output "${plan.name}"`
  let output: Output | undefined
  try {
    output = await newOutput(plan, options.hostName)
    const servers = output.probes?.() ?? []
    const places = (await output.look?.()) ?? []
    if (servers.length + places.length === 0)
      return [{ of, what: plan.use, state: 'ok', text: 'there is nothing to ask or to look at' }]
    const checks = servers.map(async server => {
      const at = new URL(server.url).origin
      return (await serverFindings(server, options)).map(finding => ({ of, at, ...finding }))
    })
    return [...places.map(finding => ({ of, ...finding })), ...(await Promise.all(checks)).flat()]
  } catch (error) {
    return [{ of, what: plan.use, state: 'failed', text: messageOf(error) }]
  } finally {
    await output?.close?.()
  }
}

async function newOutput({ name, use, options }: OutputPlan, hostName: string): Promise<Output> {
  const loaders: Readonly<Record<string, () => Promise<unknown>>> = components.outputs
  const definition = (await loaders[use]!()) as OutputDefinition
  return definition.create(options, {
    name,
    id: `probe/${name}`,
    hostName,
    keys: new Keys(),
    clock: systemClock,
    log: silentLog,
    meter: new Meter(),
    cursor: () => 0,
    note: () => undefined,
    setNote: async () => {}
  })
}

async function serverFindings(server: ServerProbe, { env, timeoutMs }: ProbeOptions): Promise<Finding[]> {
  const signal = AbortSignal.timeout(timeoutMs)
  const proxy = server.isProxied ? proxyOf(server.url, env) : undefined
  const way = proxy === undefined ? await reach({ ...server, signal }) : await reachProxy(proxy, server.tls, signal)
  if (way.some(({ state }) => state === 'failed')) return way
  try {
    const beganAt = Date.now()
    const { findings, date } = await server.ask(signal)
    return [...way, ...findings, ...clockFindings(date, beganAt)]
  } catch (error) {
    const text = signal.aborted ? `no answer within ${timeoutMs} ms` : messageOf(error)
    return [...way, { what: 'answer', state: 'failed', text }]
  }
}

async function reachProxy(proxy: string, tls: ServerProbe['tls'], signal: AbortSignal): Promise<Finding[]> {
  const findings = await reach({ url: proxy, tls, signal })
  return findings.map(finding => ({ ...finding, what: `proxy ${finding.what}`, text: `${proxy}: ${finding.text}` }))
}

function clockFindings(date: string | undefined, beganAt: number): Finding[] {
  const at = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(at)) return [{ what: 'clock', state: 'ok', text: 'the server does not tell the time' }]
  const now = Date.now()
  // it stands for any moment of its second, and of the answer
  const skewMs = at > now ? at - now : Math.max(0, beganAt - (at + 1000))
  if (skewMs <= tolerableMs) return [{ what: 'clock', state: 'ok', text: 'as ours' }]
  const text = `${Math.round(skewMs / 1000)} s ${at > now ? 'ahead of' : 'behind'} ours: set the wrong one right, by NTP`
  return [{ what: 'clock', state: 'warning', text }]
}

function receiversOf({ alertmanagers, webhooks, remoteWrite }: RulesConfig): [of: string, receiver: ReceiverConfig][] {
  return [
    ...alertmanagers.map((one): [string, ReceiverConfig] => ['alertmanager', one]),
    ...webhooks.map(({ name, receiver }): [string, ReceiverConfig] => [`webhook "${name}"`, receiver]),
    ...remoteWrite.map((one): [string, ReceiverConfig] => ['remote write', one])
  ]
}

/** Whether it is there: whatever is posted to it would reach people, or be stored. */
async function receiverChecks(
  of: string,
  { url, tls }: ReceiverConfig,
  { network }: RulesConfig,
  { env, timeoutMs }: ProbeOptions
): Promise<Check[]> {
  const signal = AbortSignal.timeout(timeoutMs)
  const proxy = proxyOf(url, env)
  const { lookup } = new Addresses(network)
  const way = proxy === undefined ? await reach({ url, tls, lookup, signal }) : await reachProxy(proxy, tls, signal)
  const isThere = way.every(({ state }) => state !== 'failed')
  const text = 'not asked: "mcp-collector rules notify" sends a test alert'
  const answer: Finding[] = isThere ? [{ what: 'answer', state: 'ok', text }] : []
  return [...way, ...answer].map(finding => ({ of, at: new URL(url).origin, ...finding }))
}
