import { Flag } from '../../core/row.ts'
import type { Source } from '../../core/source.ts'
import { severityTexts } from '../../scan/severity.ts'
import { type Fragment, fragment } from '../copy.ts'
import { flagNamesOf } from '../row-flags.ts'
import { ecsFields } from './ecs-fields.ts'
import { type Schema, streamName } from './stream.ts'

/** Which names a document uses. ECS is the default; `flat` has plain names; `otel` is the form that Elastic's own OpenTelemetry
 * exporter writes (mapping mode `otel`): attributes, resource.attributes and body as objects of their own. */
export interface Names {
  readonly level: string
  readonly offset: string
  readonly flags: string
  readonly iostream: string
  readonly service: string
  readonly agent: string
  readonly error: string
  readonly trace: string
  readonly span: string
  readonly message: string
}

const ecs: Names = {
  level: 'log.level',
  offset: 'log.offset',
  flags: 'log.flags',
  iostream: 'log.iostream',
  service: 'service.name',
  agent: 'agent.id',
  error: 'error.type',
  trace: 'trace.id',
  span: 'span.id',
  message: 'message'
}
export const namesOf: Readonly<Record<Schema, Names>> = {
  ecs,
  flat: {
    level: 'level',
    offset: 'log_offset',
    flags: 'log_flags',
    iostream: 'log_iostream',
    service: 'service_name',
    agent: 'agent_id',
    error: 'error_type',
    trace: 'trace_id',
    span: 'span_id',
    message: 'message'
  },
  otel: { ...ecs, level: 'severity_text', trace: 'trace_id', span: 'span_id', message: 'text' }
}

export interface DocumentOptions {
  readonly schema: Schema
  readonly namespace: string
  /** Where requests go: rows of other data streams name theirs. */
  readonly stream: string
  readonly hostName: string
  /** Whether documents have an action line before them. */
  readonly hasAction: boolean
}

/** The constant text of all documents of a source, in the order in which it is written. */
export interface SourceText {
  readonly stream: string
  /** `{"create":{"_id":"<source id>` */
  readonly open: Fragment
  /** From the end of the time on, by flags and level; see `headOf`. */
  readonly heads: (Fragment | undefined)[][]
  /** Schema otel: closes the resource, opens `attributes`. */
  readonly middle: Fragment
  /** Names that fields of rows can not have at the top of the document, as the source has them. */
  readonly claimed: ReadonlySet<string>
  readonly claimsEcs: boolean
  /** Names that the text itself has under `attributes`. */
  readonly inAttributes: readonly string[]
  /** The most bytes of the constant parts of a document. */
  most: number
  readonly constants: string
}

export function sourceText(source: Source, options: DocumentOptions): SourceText {
  const stream = streamName(options.schema, source.dataset, options.namespace)
  const index = stream === options.stream ? '' : `"_index":${JSON.stringify(stream)},`
  const constants = constantsOf(source, options)
  const otel = options.schema === 'otel'
  const file = otel ? [...constants].filter(([name]) => name.startsWith('log.')) : []
  const middle = otel ? `}},"attributes":{${file.map(member).join('')}"log.offset":` : ''
  const top = [...constants].filter(([name]) => !otel || !name.startsWith('log.'))
  const text = top.map(member).join('')
  return {
    stream,
    open: fragment(options.hasAction ? `{"create":{${index}"_id":"${source.id}` : ''),
    heads: [],
    middle: middle === '' ? nothing : fragment(middle),
    claimed: setOf(constants),
    claimsEcs: [...constants.keys()].some(name => ecsFields.has(name)),
    inAttributes: otel ? [...file.map(([name]) => name), ...Object.values(attributesOfOtel)] : noNames,
    most: 2 * Buffer.byteLength(text + middle + index + stream) + 1024,
    constants: text
  }
}
const nothing = fragment('')
const noNames: readonly string[] = []
/** The last one: sources of one input have the same names, and there may be ten thousand. */
let claimed: ReadonlySet<string> = new Set()

function setOf(constants: ReadonlyMap<string, string>): ReadonlySet<string> {
  const isSame = claimed.size === constants.size && [...constants.keys()].every(name => claimed.has(name))
  if (!isSame) claimed = new Set(constants.keys())
  return claimed
}
const attributesOfOtel = [ecs.offset, ecs.flags, ecs.iostream, ecs.agent, ecs.error]

/** The text behind the time. `ecs`, `flat`: up to the number of `log.offset`. `otel`: into `resource.attributes`. */
export function headOf(text: SourceText, level: number, flags: number, options: DocumentOptions): Fragment {
  const { schema } = options
  const names = namesOf[schema]
  const [, dataset, namespace] = /^logs-(.*)-([^-]*)$/.exec(text.stream)!
  const stream = `"data_stream":${JSON.stringify({ type: 'logs', dataset, namespace })},`
  const number = schema === 'otel' && level > 0 ? `"severity_number":${level},` : ''
  const severity = level > 0 ? member([names.level, severityTexts[level] ?? '']) : ''
  if (schema === 'otel') {
    const resource = text.constants.replace(/,$/, '')
    return fragment(`",${number}${severity}${stream}"resource":{"attributes":{${resource}`)
  }
  return fragment(`",${severity}${flagText(names, flags)}${stream}${text.constants}"${names.offset}":`)
}

/** `"log.flags":[…],"log.iostream":"stderr",` */
export function flagText(names: Names, flags: number): string {
  const set = flagNamesOf(flags)
  const list = set.length === 0 ? '' : `${JSON.stringify(names.flags)}:${JSON.stringify(set)},`
  return (flags & Flag.stderr) === 0 ? list : list + member([names.iostream, 'stderr'])
}

/** Constant fields of a source under the names of the schema; those of the rows themselves come first and win. */
function constantsOf(source: Source, options: DocumentOptions): Map<string, string> {
  const names = namesOf[options.schema]
  const taken = new Set<string>([...Object.values(names), '@timestamp', 'timestamp', 'attributes', 'data_stream'])
  const constants = new Map<string, string>()
  for (const [key, value] of Object.entries({ 'host.name': options.hostName, ...source.resource })) {
    const name = options.schema === 'flat' ? key.replaceAll('.', '_') : key
    const isTaken = taken.has(name) || name === '' || value === '' || name.startsWith('data_stream.')
    if (!isTaken) constants.set(name, value)
  }
  return constants
}

function member([name, value]: readonly [string, string]): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)},`
}
