import { defineOutput, type OutputContext } from '../../config/define.ts'
import { tlsGroup } from '../../config/receiver-options.ts'
import type { Batch } from '../../core/batch.ts'
import type { Body, Output, Shipment, Verdicts } from '../../core/output.ts'
import { Verdict } from '../../core/outcome.ts'
import type { ServerProbe } from '../../core/probe.ts'
import { BackingIndices, noDoubt } from './backing.ts'
import { Client, type ClientOptions } from './client.ts'
import { DocumentEncoder } from './encode.ts'
import { locate } from './locate.ts'
import { actionOf, salted, without } from './rows.ts'
import { type Memo, memoOf, sendBulk } from './send.ts'
import { serverOf } from './server.ts'
import { type Schema, datasetName, defaultDataset, schemas, streamName } from './stream.ts'
import { type TemplateMode, Templates, templateModes } from './template.ts'
import { verdictsOf } from './verdicts.ts'

const connections = 8

export interface ElasticsearchOptions extends Omit<ClientOptions, 'connections' | 'timeoutMs'> {
  readonly namespace: string
  readonly schema: Schema
  readonly template: TemplateMode
  readonly gzipLevel: number
  readonly timeout: number
}

export const elasticsearch = defineOutput({
  name: 'elasticsearch',
  summary: 'Writes each row exactly once into the data stream logs-<dataset>-<namespace>.',
  options: t => ({
    endpoints: t
      .list('Addresses of the nodes, used in turn.', t.url('http or https URL, with a path where a proxy wants one'))
      .min(1),
    apiKey: t.secret('API key in its encoded form.').default(''),
    user: t.text('User name, where there is no API key.').default(''),
    password: t.secret('Password of the user.').default(''),
    tls: tlsGroup(t),
    namespace: t.text('Last part of the data stream’s name.').default('default'),
    schema: t.choice('Field names: ECS, plain names, or the form of OpenTelemetry.', schemas).default('ecs'),
    template: t
      .choice('Install the index template, only check that it is there, or neither.', templateModes)
      .default('install'),
    gzipLevel: t.count('Compression of requests; 0 is none.', { min: 0, max: 9 }).default(1),
    timeout: t
      .duration('Longest silence of the server within a request; its whole answer may take five times as long.')
      .prefault('60s')
  }),
  examples: [
    {
      title: 'A cluster with API key',
      config: 'endpoints: ["https://es-1:9200", "https://es-2:9200"]\napi_key: "${ES_KEY}"'
    },
    { title: 'One node on this machine, uncompressed', config: 'endpoints: ["http://127.0.0.1:9200"]\ngzip_level: 0' }
  ],
  create: (options, context) => new ElasticsearchOutput(options, context)
})

export class ElasticsearchOutput implements Output {
  readonly #options: ElasticsearchOptions
  readonly #client: Client
  readonly #encoder: DocumentEncoder
  readonly #templates: Templates
  readonly #backing: BackingIndices
  /** Of rows that name none. */
  readonly #stream: string
  readonly #path: string
  readonly #gzipLevel: number
  readonly #streams = new Set<string>()
  readonly #datasets = new Set<string>()

  constructor(options: ElasticsearchOptions, context: OutputContext) {
    const { schema, namespace } = options
    this.#options = options
    const stream = streamName(schema, defaultDataset, namespace)
    this.#client = new Client({ ...options, connections, timeoutMs: options.timeout }, context.clock)
    this.#encoder = new DocumentEncoder(
      { schema, namespace, stream, hostName: context.hostName, hasAction: true },
      context.keys
    )
    this.#encoder.onStream = name => this.#learn(name)
    this.#templates = new Templates(this.#client, options.template, schema, context.log)
    this.#backing = new BackingIndices(this.#client, context, stream)
    this.#stream = stream
    this.#path = `/${stream}/_bulk`
    this.#gzipLevel = options.gzipLevel
    this.#streams.add(stream)
    this.#datasets.add(datasetName(schema, defaultDataset))
  }

  encode(batch: Batch, body: Body): void {
    this.#encoder.encode(batch, body)
  }

  salt(row: Buffer): Buffer {
    return salted(row)
  }

  identity(row: Buffer): Buffer {
    return actionOf(row)
  }

  locate(shipment: Shipment, signal: AbortSignal): Promise<ReadonlyMap<number, readonly string[]>> {
    return locate(this.#client, shipment, { stream: this.#stream, signal })
  }

  probes(): readonly ServerProbe[] {
    const { timeout: timeoutMs, ...options } = this.#options
    const stream = this.#stream
    return options.endpoints.map(url => ({
      url,
      tls: options.tls,
      isProxied: true,
      ask: async signal =>
        (await import('./probe.ts')).askNode(url, { ...options, connections, timeoutMs }, { stream, signal })
    }))
  }

  async prepare(signal: AbortSignal): Promise<string> {
    this.#templates.forget()
    await this.#templates.ensure(this.#datasets, signal)
    await this.#backing.refresh(this.#streams, signal)
    return serverOf(this.#client, signal)
  }

  async send(shipment: Shipment, signal: AbortSignal): Promise<Verdicts> {
    await this.#templates.ensure(this.#datasets, signal)
    await this.#backing.refresh(this.#streams, signal)
    const memo = memoOf(shipment)
    const since = memo.indices ?? this.#backing.current
    shipment.memo = { ...memo, indices: since } satisfies Memo
    const isDoubtful = shipment.unknown || shipment.mayRepeat !== undefined
    const doubt = isDoubtful ? await this.#backing.find(shipment, since, signal) : noDoubt
    const left = doubt.found === undefined ? shipment.rows : shipment.rows - sum(doubt.found)
    if (left === 0)
      return {
        each: { verdict: new Uint8Array(shipment.rows).fill(Verdict.exists), refusals: new Map() },
        requestBytes: 0
      }
    const bytes = doubt.found === undefined ? sent(shipment) : without(shipment, doubt.found)
    const withIndex = doubt.writeIndices.size > 0
    const request = { path: this.#path, bytes, rows: left, gzipLevel: this.#gzipLevel, withIndex }
    const answer = await sendBulk(this.#client, request, shipment, signal)
    const verdicts = verdictsOf(shipment, doubt, answer)
    if (verdicts.possiblyTwice !== undefined && !doubt.isBlind) this.#backing.lookAgain()
    return verdicts
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  #learn(stream: string): void {
    this.#streams.add(stream)
    this.#datasets.add(stream.slice('logs-'.length, stream.lastIndexOf('-')))
  }
}

function sent(shipment: Shipment): Buffer {
  return shipment.bytes.subarray(0, shipment.rowEnds[shipment.rows - 1])
}

function sum(marks: Uint8Array): number {
  let total = 0
  for (const mark of marks) total += mark
  return total
}
