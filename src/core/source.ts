/** 16 characters of the URL-safe Base64 alphabet (96 bits). How it is derived: inputs/file/identity.ts. */
export type SourceId = string

/** Bytes from the start of the source; always a whole number below 2^53. */
export type Position = number

/** Constant fields of all rows of a source, under their ECS names: `host.name`, `log.file.path`, `kubernetes.pod.name` … */
export type Resource = Readonly<Record<string, string>>

/** Answers of `Source.read` that are not a number of bytes. */
export const Idle = -1
export const Gone = -2

/** Replayable bytes with integer positions: a file generation, the spool, a Kafka partition. */
export interface Source {
  readonly id: SourceId
  /** The input that follows it, as named in the configuration. */
  readonly input: string
  readonly resource: Resource
  /** Data stream dataset of its rows. */
  readonly dataset: string
  /** Service of rows that name none; empty: they stay without. */
  readonly service: string
  /** Agent of rows that name none: as configured, or their pod; empty: it goes by service and host, `service@host`. */
  readonly agent: string
  /** Rows that start before this position existed when we opened the source: they may have been sent by an earlier run, so
   * that Elasticsearch's answer 409 means "already there" and not "another row has this id". */
  readonly repeatsUntil: Position
  /** Decisions on row borders that every reading of this source must repeat. */
  readonly marks: Marks

  /** Copies bytes from position `at` into `into` and returns their number (at least 1), `Idle` when there are none now, or
   * `Gone` when there never will be any. Synchronous. Never throws for a state of the source: a read error is `Idle`, and is
   * reported by the input. */
  read(at: Position, into: Uint8Array): number

  /** Hex hash of the up to 64 bytes before `at`, by which the place is known again after a restart; empty where nothing like it
   * can be told. Called about once a second. */
  marker(at: Position): string
}

/** Characters of an agent's name: a longer one is none. */
export const longestAgent = 256

/** Who rows are of that name no agent, and whose source names none: the service on its host, else the host. A service is cut so that this is
 * a name. */
export function agentOf(service: string, host: string): string {
  if (service === '') return host
  return `${service.slice(0, Math.max(0, longestAgent - host.length - 1)).toWellFormed()}@${host}`
}

/** Stored decisions about rows' borders, made by time or by `auto`. A cut: a row ends here although no line end stands here. */
export interface Marks {
  /** The next cut behind `from`, or Infinity. */
  nextCut(from: Position): Position
  /** Stores a cut. Rows that end there may be sent only once the mark is durable: the returned number goes to
   * `Shipment.barrier`. */
  addCut(at: Position): number
  /** What `auto` chose for this source, or undefined. */
  readonly parser: string | undefined
  /** The same, as people are told: `java`, or `java, python` where rows may be of both. */
  readonly format?: string | undefined
  /** Stores what `auto` chose; returns a barrier as `addCut` does. */
  choose(parser: string): number
}
