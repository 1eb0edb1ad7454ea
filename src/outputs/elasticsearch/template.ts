import { SendError } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Reply } from '../../core/http-client.ts'
import { withoutReply } from '../lost-answers.ts'
import type { Client } from './client.ts'
import { type EcsType, ecsFields } from './ecs-fields.ts'
import { errorOf, ofStatus, jsonHeaders } from './send.ts'
import { type Schema, defaultDataset } from './stream.ts'

/** Raised with each change of the template below. A newer one on the server is never replaced. */
const templateVersion = 1
export const templateModes = ['install', 'check', 'off'] as const
export type TemplateMode = (typeof templateModes)[number]

/** Above Elasticsearch's own `logs` (100) and `logs-otel` (120), below those of integrations (200). */
const priority = 150
const otelTemplate = 'logs-otel@template'

type Mapping = Readonly<Record<string, unknown>>
const keyword: Mapping = { type: 'keyword', ignore_above: 1024 }

/** Types that not every Elasticsearch has; `plain` does without. */
interface Dialect {
  readonly text: Mapping
  readonly constant: Mapping
}
const full: Dialect = { text: { type: 'match_only_text' }, constant: { type: 'constant_keyword' } }
const plain: Dialect = { text: { type: 'text', norms: false }, constant: keyword }

/** Name of the index template for a dataset. One for each, as a pattern for all would also match those of other schemas. */
function templateName(dataset: string): string {
  return dataset === defaultDataset ? 'logs-mcp' : `logs-mcp@${dataset}`
}

function indexTemplate(dataset: string, schema: Schema, dialect: Dialect): object {
  return {
    index_patterns: [`logs-${dataset}-*`],
    priority,
    version: templateVersion,
    data_stream: {},
    composed_of: ['logs-mcp@custom'],
    ignore_missing_component_templates: ['logs-mcp@custom'],
    _meta: { managed_by: 'mcp-collector', description: 'Change it through the component template logs-mcp@custom' },
    template: {
      settings: {
        index: {
          mapping: {
            ignore_malformed: true,
            total_fields: { limit: 2000, ignore_dynamic_beyond_limit: true }
          }
        }
      },
      mappings: {
        subobjects: false,
        date_detection: false,
        numeric_detection: false,
        dynamic_templates: dynamicTemplates,
        properties: schema === 'otel' ? otelProperties(dialect) : properties(dialect)
      }
    }
  }
}

/** Any value of any type is accepted in any field: what does not fit its mapping stays in `_source` only. */
const dynamicTemplates = [
  { strings: { match_mapping_type: 'string', mapping: keyword } },
  { booleans: { match_mapping_type: 'boolean', mapping: { type: 'boolean', ignore_malformed: true } } },
  { integers: { match_mapping_type: 'long', mapping: { type: 'long', ignore_malformed: true } } },
  { numbers: { match_mapping_type: 'double', mapping: { type: 'double', ignore_malformed: true } } }
]

/** Not `date_nanos`: a search over `logs-*` can not be sorted when other streams use `date`. The text keeps all digits. */
const timestamp: Mapping = { type: 'date', ignore_malformed: false }

/** Schemas ecs and flat share one template, so that both can be used in one cluster. */
function properties(dialect: Dialect): Record<string, Mapping> {
  const fields: Record<string, Mapping> = { '@timestamp': timestamp, message: dialect.text }
  for (const [name, type] of ecsFields) fields[name] = mappingOf(type, dialect)
  for (const name of [...ownKeywords, ...flatKeywords]) fields[name] = keyword
  fields['log.offset'] = { type: 'long' }
  fields['log_offset'] = { type: 'long' }
  fields['timestamp'] = { type: 'date', ignore_malformed: true }
  return { ...fields, ...streamFields(dialect) }
}
const ownKeywords = [
  'agent.id',
  'host.name',
  'log.file.path',
  'log.flags',
  'log.level',
  'service.name',
  'span.id',
  'trace.id'
]
const flatKeywords = ['agent_id', 'error_type', 'level', 'log_flags', 'service_name', 'span_id', 'trace_id']

function otelProperties(dialect: Dialect): Record<string, Mapping> {
  const keywords = [
    'severity_text',
    'trace_id',
    'span_id',
    'attributes.log.file.path',
    'resource.attributes.service.name'
  ]
  return {
    '@timestamp': timestamp,
    severity_number: { type: 'byte' },
    'body.text': dialect.text,
    'attributes.log.offset': { type: 'long' },
    ...Object.fromEntries(keywords.map(name => [name, keyword])),
    message: { type: 'alias', path: 'body.text' },
    'log.level': { type: 'alias', path: 'severity_text' },
    'trace.id': { type: 'alias', path: 'trace_id' },
    'span.id': { type: 'alias', path: 'span_id' },
    'service.name': { type: 'alias', path: 'resource.attributes.service.name' },
    ...streamFields(dialect)
  }
}

function streamFields(dialect: Dialect): Record<string, Mapping> {
  const names = ['data_stream.type', 'data_stream.dataset', 'data_stream.namespace']
  return Object.fromEntries(names.map(name => [name, dialect.constant]))
}

function mappingOf(type: EcsType, dialect: Dialect): Mapping {
  if (type === 'keyword' || type === 'list') return keyword
  return type === 'text' ? dialect.text : { type, ignore_malformed: true }
}

/** Sees to it that the index templates stand before the first document of a dataset is sent. */
export class Templates {
  readonly #client: Client
  readonly #mode: TemplateMode
  readonly #schema: Schema
  readonly #log: Log
  readonly #ready = new Set<string>()

  constructor(client: Client, mode: TemplateMode, schema: Schema, log: Log) {
    this.#client = client
    this.#mode = mode
    this.#schema = schema
    this.#log = log
  }

  /** Makes the next `ensure` look at the server again. */
  forget(): void {
    this.#ready.clear()
  }

  /** Installs or checks what has not been yet; throws `SendError`. */
  async ensure(datasets: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    if (this.#mode === 'off' || this.#ready.size === datasets.size) return
    for (const dataset of datasets) {
      if (this.#ready.has(dataset)) continue
      if (!(await this.#hasNative(signal))) await this.#ensure(dataset, signal)
      this.#ready.add(dataset)
    }
  }

  /** OpenTelemetry documents need no template of ours where Elasticsearch (8.16 and later) brings its own. */
  async #hasNative(signal: AbortSignal): Promise<boolean> {
    if (this.#schema !== 'otel') return false
    return (await this.#request('GET', otelTemplate, undefined, signal)).status === 200
  }

  async #ensure(dataset: string, signal: AbortSignal): Promise<void> {
    const name = templateName(dataset)
    const found = await this.#request('GET', name, undefined, signal)
    if (found.status !== 200 && found.status !== 404) return this.#fail(name, found)
    const version = found.status === 404 ? undefined : versionOf(found.body)
    if (version !== undefined && version > templateVersion) {
      this.#log.info(`Index template "${name}" is newer than ours and stays as it is`, { version })
    }
    if (version !== undefined && version >= templateVersion) return
    if (this.#mode === 'check') {
      const state = version === undefined ? 'missing' : `of version ${version}, not ${templateVersion}`
      throw new SendError(`Cannot use index template "${name}": it is ${state}`, 'pause', { status: 404 })
    }
    let put = await this.#request('PUT', name, indexTemplate(dataset, this.#schema, full), signal)
    if (put.status === 400 && /match_only_text|constant_keyword/.test(put.body.toString())) {
      put = await this.#request('PUT', name, indexTemplate(dataset, this.#schema, plain), signal)
    }
    if (put.status !== 200) return this.#fail(name, put)
    this.#log.info(`Installed index template "${name}"`, { version: templateVersion })
  }

  /** Keys that may only write can't see templates: somebody else has to install them. */
  #fail(name: string, reply: Reply): void {
    if (reply.status !== 403) {
      if (reply.status !== 400) throw ofStatus(reply)
      const message = `Cannot install index template "${name}": ${errorOf(reply.body).reason.slice(0, 500)}`
      throw new SendError(message, 'pause', { status: 400 })
    }
    this.#log.warn(`Cannot ${this.#mode} index template "${name}": status 403, going on without`)
  }

  async #request(method: 'GET' | 'PUT', name: string, body: object | undefined, signal: AbortSignal): Promise<Reply> {
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const path = `/_index_template/${encodeURIComponent(name)}`
    return this.#client.request({ method, path, headers: jsonHeaders, signal, ...text }).catch(withoutReply)
  }
}

function versionOf(body: Buffer): number {
  try {
    const found = JSON.parse(body.toString()) as { index_templates?: { index_template?: { version?: number } }[] }
    return found.index_templates?.[0]?.index_template?.version ?? 0
  } catch {
    return 0
  }
}
