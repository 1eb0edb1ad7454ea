// The variables of the OpenTelemetry specification ("OpenTelemetry Protocol Exporter", "Resource SDK").
import { isHeader } from '../../config/receiver-options.ts'
import type { HttpClientOptions } from '../../core/http-client.ts'
import type { Resource } from '../../core/source.ts'
import { type Compression, compressions } from './http.ts'

export const protocols = ['http/protobuf', 'http/json', 'grpc'] as const
export type Protocol = (typeof protocols)[number]
type Environment = Readonly<Record<string, string | undefined>>

const defaultTimeoutMs = 10_000

/** As the configuration has them; what is left out comes from the environment, if no address is named. */
export interface OtlpOptions {
  readonly endpoint?: string | undefined
  readonly logsEndpoint?: string | undefined
  readonly protocol?: Protocol | undefined
  readonly compression?: Compression | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly tls: HttpClientOptions['tls']
  readonly timeout?: number | undefined
}

export interface Settings {
  readonly url: string
  readonly protocol: Protocol
  readonly compression: Compression
  readonly headers: Readonly<Record<string, string>>
  readonly tls: HttpClientOptions['tls']
  readonly timeoutMs: number
}

/** Where to send to and how. Who names an address has none of the variables: headers with keys are for the address beside them.
 * Throws where a variable can not be used. */
export function settingsOf(options: OtlpOptions, environment: Environment): Settings {
  const hasAddress = options.endpoint !== undefined || options.logsEndpoint !== undefined
  const variables = new Variables(hasAddress ? {} : environment)
  const protocol = options.protocol ?? variables.choice('PROTOCOL', protocols) ?? 'http/protobuf'
  const compression = options.compression ?? variables.choice('COMPRESSION', compressions) ?? 'gzip'
  const { caFile, certFile, keyFile, skipVerify } = options.tls
  return {
    url: addressOf(options, protocol, variables),
    protocol,
    compression,
    headers: { ...variables.headers('HEADERS'), ...options.headers },
    tls: {
      caFile: caFile || variables.text('CERTIFICATE'),
      certFile: certFile || variables.text('CLIENT_CERTIFICATE'),
      keyFile: keyFile || variables.text('CLIENT_KEY'),
      skipVerify
    },
    timeoutMs: options.timeout ?? variables.milliseconds('TIMEOUT') ?? defaultTimeoutMs
  }
}

function addressOf({ endpoint, logsEndpoint }: OtlpOptions, protocol: Protocol, variables: Variables): string {
  const isGrpc = protocol === 'grpc'
  const below = (base: string): string => (isGrpc ? base : withPath(base, '/v1/logs'))
  if (logsEndpoint !== undefined) return logsEndpoint
  if (endpoint !== undefined) return below(endpoint)
  const own = variables.address('LOGS_ENDPOINT', isGrpc)
  return own ?? below(variables.address('ENDPOINT', isGrpc) ?? `http://localhost:${isGrpc ? 4317 : 4318}`)
}

function withPath(base: string, path: string): string {
  const url = new URL(base)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url.href
}

/** Attributes of the resource; none where a variable can not be read, which `warn` is told. */
export function resourceOf(environment: Environment, warn: (message: string) => void): Resource {
  const { OTEL_RESOURCE_ATTRIBUTES: attributes = '', OTEL_SERVICE_NAME: service = '' } = environment
  let read: Resource = {}
  try {
    read = pairsOf(attributes, 'OTEL_RESOURCE_ATTRIBUTES')
  } catch (error) {
    warn(`Cannot take attributes of the resource: ${(error as Error).message}`)
  }
  return service === '' ? read : { ...read, 'service.name': service }
}

/** Variables that begin with `OTEL_EXPORTER_OTLP_`; those for logs win, an empty one is none. */
class Variables {
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  text(name: string): string {
    return this.#find(name)?.[1] ?? ''
  }

  address(name: string, isGrpc: boolean): string | undefined {
    const text = this.#environment[`OTEL_EXPORTER_OTLP_${name}`]
    if (text === undefined || text === '') return undefined
    const scheme = this.text('INSECURE').toLowerCase() === 'true' ? 'http' : 'https'
    const url = isGrpc && !text.includes('://') ? `${scheme}://${text}` : text
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new Error(`OTEL_EXPORTER_OTLP_${name} is not the URL of a server`)
    }
    return url
  }

  choice<T extends string>(name: string, values: readonly T[]): T | undefined {
    const [variable, text] = this.#find(name) ?? []
    if (variable === undefined) return undefined
    const value = values.find(one => one === text)
    if (value === undefined) throw new Error(`${variable} is "${text}": expected one of ${values.join(', ')}`)
    return value
  }

  milliseconds(name: string): number | undefined {
    const [variable, text] = this.#find(name) ?? []
    if (variable === undefined) return undefined
    if (!/^[1-9]\d{0,8}$/.test(text!)) throw new Error(`${variable} is "${text}": expected milliseconds`)
    return Number(text)
  }

  headers(name: string): Readonly<Record<string, string>> {
    const [variable, text] = this.#find(name) ?? []
    if (variable === undefined) return {}
    const pairs = pairsOf(text!, variable)
    if (!Object.entries(pairs).every(isHeader)) throw new Error(`${variable} holds what can be no header`)
    return pairs
  }

  #find(name: string): readonly [variable: string, text: string] | undefined {
    for (const variable of [`OTEL_EXPORTER_OTLP_LOGS_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
      const text = this.#environment[variable]
      if (text !== undefined && text !== '') return [variable, text]
    }
    return undefined
  }
}

/** `key=value,key=value`, percent-encoded. What a variable holds is not told: it may be a secret. */
function pairsOf(text: string, variable: string): Record<string, string> {
  const pairs = text.split(',').filter(pair => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      const key = pair.slice(0, at).trim()
      if (at < 0 || key === '') throw new Error(`${variable} is not "name=value", parted by commas`)
      try {
        return [decodeURIComponent(key), decodeURIComponent(pair.slice(at + 1).trim())]
      } catch {
        throw new Error(`${variable} has a "%" that does not begin a character`)
      }
    })
  )
}
