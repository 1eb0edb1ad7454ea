import { join, resolve } from 'node:path'
import protobuf from 'protobufjs'

const folder = resolve(import.meta.dirname, '../proto')
const root = new protobuf.Root()
root.resolvePath = (_, target) => join(folder, target)
root.loadSync(
  ['collector/logs/v1/logs_service.proto'].map(path => `opentelemetry/proto/${path}`),
  { keepCase: false }
)
const request = root.lookupType('opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest')
const response = root.lookupType('opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse')

/** As the official definitions name it; 64-bit numbers as text, bytes as Base64. */
export interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
  readonly doubleValue?: number | string
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] }
}
export interface KeyValue {
  readonly key?: string
  readonly value?: AnyValue
}
export interface LogRecord {
  readonly timeUnixNano?: string
  readonly observedTimeUnixNano?: string
  readonly severityNumber?: number
  readonly severityText?: string
  readonly body?: AnyValue
  readonly attributes?: readonly KeyValue[]
  readonly flags?: number
  readonly traceId?: string
  readonly spanId?: string
}
export interface ResourceLogs {
  readonly resource?: { readonly attributes?: readonly KeyValue[] }
  readonly scopeLogs?: readonly {
    readonly scope?: { readonly name?: string }
    readonly logRecords?: readonly LogRecord[]
  }[]
}

/** Reads a request by the official definitions; throws where it is none. */
export function readRequest(bytes: Uint8Array): readonly ResourceLogs[] {
  const message = request.decode(bytes)
  const { resourceLogs = [] } = request.toObject(message, { longs: String, enums: Number, bytes: String }) as {
    resourceLogs?: ResourceLogs[]
  }
  return resourceLogs
}

/** The bytes that the official definitions make of a request that was read from others. */
export function writeRequest(bytes: Uint8Array): Uint8Array {
  return request.encode(request.decode(bytes)).finish()
}

export function writeResponse(rejected: number, message: string): Uint8Array {
  const partialSuccess = { rejectedLogRecords: rejected, errorMessage: message }
  return response.encode(response.fromObject(rejected > 0 || message !== '' ? { partialSuccess } : {})).finish()
}

/** All records of a request, one by one. */
export function recordsOf(logs: readonly ResourceLogs[]): LogRecord[] {
  return logs.flatMap(({ scopeLogs = [] }) => scopeLogs.flatMap(({ logRecords = [] }) => logRecords))
}

/** Attributes by name, with plain values: maps, lists, beyond 2^53 as bigint. */
export function plainOf(attributes: readonly KeyValue[] | undefined): ReadonlyMap<string, unknown> {
  const map = new Map<string, unknown>()
  for (const { key = '', value } of attributes ?? []) {
    if (map.has(key)) throw new Error(`"${key}" is there twice`)
    map.set(key, valueOf(value))
  }
  return map
}

export function valueOf(value: AnyValue | undefined): unknown {
  if (value?.kvlistValue !== undefined) return plainOf(value.kvlistValue.values)
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf)
  if (value?.intValue !== undefined) {
    const int = BigInt(value.intValue)
    return BigInt(Number(int)) === int && Number.isSafeInteger(Number(int)) ? Number(int) : int
  }
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? null
}
