import { isDeepStrictEqual } from 'node:util'
import type { RulesConfig } from '../../config/config.ts'
import { Addresses } from '../../core/addresses.ts'
import type { Alert, AlertSink } from '../alert.ts'
import type { SeriesSink, SeriesValue } from '../series.ts'
import { Alertmanager } from './alertmanager.ts'
import { identityOf, type Origin } from './channel.ts'
import { Groups } from './groups.ts'
import type { NoticeMemory, Notifier, NotifierStatus, NotifyContext } from './notifier.ts'
import { Queue, type QueueKind } from './queue.ts'
import type { Sample } from './remote-write/encode.ts'
import { RemoteWrite } from './remote-write/remote-write.ts'
import { Series } from './remote-write/series.ts'
import { Webhook } from './webhook.ts'

export const alertQueue: QueueKind<Alert> = {
  told: 'alerts',
  idOf: identityOf,
  nameOf: ({ labels }) => labels['alertname'] ?? '',
  mostWaiting: 10_000,
  mostInBatch: 256,
  isDivided: true
}
const sampleQueue: QueueKind<Sample> = {
  told: 'samples',
  idOf: ({ labels, at }) => `${at} ${JSON.stringify(labels)}`,
  nameOf: ({ labels }) => labels['__name__'] ?? '',
  mostWaiting: 100_000,
  mostInBatch: 2000,
  isDivided: false
}

/** A receiver, and all that it was made of: where that is the same, it goes on. */
interface Member<T> {
  readonly made: object
  readonly notifier: Notifier<T>
}

interface Wanted<T> {
  readonly made: object
  readonly make: (memory: NoticeMemory | undefined) => Notifier<T>
}

/** Everybody who is to be told of alerts and recorded series, each at its own pace. */
export class Notifiers implements AlertSink, SeriesSink {
  readonly #context: NotifyContext
  #config: RulesConfig
  #told: readonly Member<Alert>[] = []
  #written: readonly Member<Sample>[] = []
  #series: Series
  /** What was written while those who are new were not there yet. */
  #unwritten: Sample[] | undefined

  constructor(config: RulesConfig, context: NotifyContext) {
    this.#context = context
    this.#config = config
    this.#series = new Series(config.externalLabels)
    this.#make(context.memory)
  }

  /** Goes on with the receivers of another configuration. Those that are the same hear nothing of it; those that are none any more hear first
   * what they were not told yet, as far as they take it within the time. Resolves with those who are new, for they know of no alert.
   * `recall` is what was told until then. */
  async change(config: RulesConfig, withinMs: number, recall: () => NoticeMemory): Promise<AlertSink> {
    const { told, written } = this.#wanted(config)
    const [keptTold, keptWritten] = [remaining(this.#told, told), remaining(this.#written, written)]
    const all = [...this.#told, ...this.#written]
    const gone = all.filter(one => ![...keptTold, ...keptWritten].includes(one))
    if (written.length === 0 || !isDeepStrictEqual(this.#config.externalLabels, config.externalLabels))
      this.#series = new Series(config.externalLabels)
    this.#config = config
    this.#told = keptTold
    this.#written = keptWritten
    const unwritten: Sample[] = (this.#unwritten = [])
    await Promise.all(gone.map(({ notifier }) => notifier.stop(withinMs)))
    this.#unwritten = undefined
    this.#make(recall())
    for (const one of this.#written) if (!keptWritten.includes(one)) one.notifier.add(unwritten)
    const fresh = this.#told.filter(one => !keptTold.includes(one))
    return { notify: alerts => addTo(fresh, alerts) }
  }

  notify(alerts: readonly Alert[]): void {
    addTo(this.#told, alerts)
  }

  get wantsSeries(): boolean {
    return this.#config.remoteWrite.length > 0
  }

  write(rule: string, series: readonly SeriesValue[], at: number): void {
    if (!this.wantsSeries) return
    const samples = this.#series.take(rule, series, at)
    addTo(this.#written, samples)
    this.#unwritten?.push(...samples)
  }

  get status(): NotifierStatus[] {
    return [...this.#told, ...this.#written].map(({ notifier }) => notifier.status)
  }

  /** Tells what is not told yet, as far as receivers take it within the time. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all([...this.#told, ...this.#written].map(({ notifier }) => notifier.stop(withinMs)))
  }

  #make(memory: NoticeMemory | undefined): void {
    const { told, written } = this.#wanted(this.#config)
    this.#told = told.map(one => memberFor(one, this.#told, memory))
    this.#written = written.map(one => memberFor(one, this.#written, memory))
    const names = this.#config.webhooks.map(({ name }) => name)
    forgetOthers(memory, names)
  }

  #wanted(config: RulesConfig): { told: Wanted<Alert>[]; written: Wanted<Sample>[] } {
    const { alertmanagers, webhooks, remoteWrite, externalUrl, externalLabels, network } = config
    const origin: Origin = { externalUrl, externalLabels }
    const addresses = new Addresses(network)
    const context = this.#context
    const parts = { addresses, clock: context.clock }
    const made = (options: object): object => ({ options, origin, network })
    return {
      told: [
        ...alertmanagers.map(
          (options): Wanted<Alert> => ({
            made: made(options),
            make: () => new Queue(alertQueue, new Alertmanager(options, origin, addresses), context)
          })
        ),
        ...webhooks.map(
          (webhook): Wanted<Alert> => ({
            made: made(webhook),
            make: memory =>
              new Groups(new Webhook(webhook, origin, parts), webhook.groups, { ...context, ...(memory && { memory }) })
          })
        )
      ],
      written: remoteWrite.map(options => ({
        made: made(options),
        make: () => new Queue(sampleQueue, new RemoteWrite(options, addresses), context)
      }))
    }
  }
}

function remaining<T>(members: readonly Member<T>[], wanted: readonly Wanted<T>[]): Member<T>[] {
  return members.filter(({ made }) => wanted.some(one => isDeepStrictEqual(one.made, made)))
}

function memberFor<T>(
  { made, make }: Wanted<T>,
  members: readonly Member<T>[],
  memory: NoticeMemory | undefined
): Member<T> {
  return members.find(member => isDeepStrictEqual(member.made, made)) ?? { made, notifier: make(memory) }
}

function addTo<T>(members: readonly Member<T>[], all: readonly T[]): void {
  for (const { notifier } of members) notifier.add(all)
}

/** Receivers that are none any more have nothing to hear of what they were told. */
function forgetOthers(memory: NoticeMemory | undefined, receivers: readonly string[]): void {
  for (const notice of memory?.notices ?? [])
    if (!receivers.includes(notice.receiver)) memory?.store({ ...notice, content: '' })
}
