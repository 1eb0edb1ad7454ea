import type { AgentBeside } from './agent-beside.ts'
import type { Address } from './units.ts'

/** The whole configuration as code sees it: checked, complete, plain data. Sizes are bytes, durations milliseconds. */
export interface Config {
  readonly version: 1
  /** The files it came from, in the order they were named. */
  readonly files: readonly string[]
  readonly collector: CollectorConfig
  readonly inputs: readonly InputConfig[]
  readonly outputs: readonly OutputConfig[]
  /** At least one; `default` of everything where the files name none. */
  readonly pipelines: readonly PipelineConfig[]
  readonly agents: AgentsConfig
  readonly server: ServerConfig
  /** A second listener for `/metrics` and probes alone. */
  readonly metrics?: { readonly listen: Address }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' }
  readonly rules?: RulesConfig
}

export interface CollectorConfig {
  /** Absolute. */
  readonly stateDir: string
  /** Fields of every row. */
  readonly resource: Readonly<Record<string, string>>
  /** Left out: the name of the machine. */
  readonly hostName?: string
  readonly shards: number
  readonly drainTimeoutMs: number
  /** Room for what is not read yet of deleted files. */
  readonly holdDeletedBytes: number
}

/** A component by name, with its checked options in camelCase. */
export interface Use {
  readonly use: string
  readonly options: Readonly<Record<string, unknown>>
}

/** One of the parsers of an input. */
export interface ParserUse extends Use {
  /** LogQL: the lines that it is tried on; left out: all. */
  readonly condition?: string
}

export interface InputConfig extends Use {
  readonly name: string
  /** Service of rows that name none; empty: none. */
  readonly service: string
  readonly dataset: string
  /** At least one; of each row the first that understands it counts. */
  readonly parsers: readonly ParserUse[]
  /** What becomes of rows that no parser understands. */
  readonly onParseError: 'keep' | 'drop' | 'dead_letter'
  /** Agent of rows that name none. */
  readonly agentId?: string
}

export interface OutputConfig extends Use {
  readonly name: string
  /** Where it begins on sources that were followed before it existed. */
  readonly startFrom: 'now' | 'beginning'
  /** Of files that its options name: where they have changed, so have the options. */
  readonly contents: readonly string[]
  /** Rows that it takes, as a query; left out: all. */
  readonly condition?: string
  /** Rows that it takes end here: outputs behind it do not get them. */
  readonly final: boolean
  readonly delivery: DeliveryConfig
}

/** The delivery options that all outputs share. */
export interface DeliveryConfig {
  readonly batchBytes: number
  readonly flushMs: number
  readonly maxInFlightBytes: number
  readonly maxConcurrency: number
  readonly retryMinMs: number
  readonly retryMaxMs: number
  /** Left out: no limit. */
  readonly maxBacklogBytes?: number
  readonly maxBacklogAgeMs?: number
  readonly deadLetters: {
    readonly maxBytes: number
    readonly maxAgeMs: number
    readonly whenFull: 'pause' | 'drop'
  }
}

export interface RulesConfig {
  /** In the order in which they were named, without mistakes. */
  readonly files: readonly RuleFile[]
  /** Of each aggregation over a range. */
  readonly maxSeries: number
  /** Each is told everything. */
  readonly alertmanagers: readonly ReceiverConfig[]
  readonly webhooks: readonly WebhookConfig[]
  /** Where alerts and recorded series are written as samples. */
  readonly remoteWrite: readonly ReceiverConfig[]
  /** Where people reach this collector, without a slash at the end. */
  readonly externalUrl?: string
  /** Of alerts that have none of this name. */
  readonly externalLabels: Readonly<Record<string, string>>
  /** Addresses and networks that alerts may go to whatever else is said, and those they may not go to. */
  readonly network: { readonly allow: readonly string[]; readonly deny: readonly string[] }
}

export interface WebhookConfig {
  readonly name: string
  /** How messages look. */
  readonly type: 'generic' | 'slack' | 'dingtalk' | 'feishu' | 'wecom'
  /** For signing; empty: none. */
  readonly secret: string
  /** Templates; left out: what suits most. */
  readonly title?: string
  readonly text?: string
  readonly groups: {
    readonly groupBy: readonly string[]
    readonly groupWaitMs: number
    readonly groupIntervalMs: number
    readonly repeatIntervalMs: number
    readonly sendResolved: boolean
    readonly maxPerMinute: number
  }
  readonly receiver: ReceiverConfig
}

/** Who is posted to. Empty texts: none. */
export interface ReceiverConfig {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly token: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: {
    /** Paths. */
    readonly caFile: string
    readonly certFile: string
    readonly keyFile: string
    readonly skipVerify: boolean
  }
  readonly timeoutMs: number
}

export interface PipelineConfig {
  readonly name: string
  /** Names of inputs and outputs. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** The first is always `normalize`. */
  readonly process: readonly Use[]
}

/** A file as it was read once. */
export interface RuleFile {
  /** Absolute. */
  readonly file: string
  readonly text: string
}

export interface ServerConfig {
  readonly listen: Address
  readonly token?: string
}

/** What is remembered of agents. */
export interface AgentsConfig {
  readonly maxAgents: number
  /** Left out: as it is learnt of each. */
  readonly intervalMs?: number
  readonly idleAfterMs: number
  readonly forgetAfterMs: number
  readonly beside?: AgentBeside
}
