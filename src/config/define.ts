import type { z } from 'zod'
import type { Parser, Processor, ProcessorContext, StepContext } from '../core/steps.ts'
import type { Output } from '../core/output.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Meter } from '../core/metrics.ts'
import type { Position, SourceId } from '../core/source.ts'
import type { RuleFile } from './config.ts'
import type { OptionTypes } from './option-types.ts'
import type { Problems } from './problems.ts'

/** An example of a component: shown in the reference, and run as a test. */
export interface Example {
  readonly title: string
  /** The component's options as YAML. */
  readonly config: string
  /** Parsers and processors: a line, and the fields it becomes. */
  readonly input?: string
  readonly output?: Readonly<Record<string, unknown>>
}

/** What all definitions have. `options` gets the option builders instead of importing them: a shard loads components without zod. */
interface Definition<S extends z.ZodRawShape> {
  readonly name: string
  readonly summary: string
  options(types: OptionTypes): S
  readonly examples: readonly Example[]
  /** Why options do not fit together. */
  faultIn?(options: OptionsOf<S>): string | undefined
}
export type OptionsOf<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>

export interface ParserDefinition<S extends z.ZodRawShape = z.ZodRawShape> extends Definition<S> {
  readonly kind: 'parser'
  create(options: OptionsOf<S>, context: StepContext): Parser
}
export interface ProcessorDefinition<S extends z.ZodRawShape = z.ZodRawShape> extends Definition<S> {
  readonly kind: 'processor'
  /** It has an option `parser`, as inputs have; what that names is made before, see `ProcessorContext.parser`. */
  readonly parses?: true
  create(options: OptionsOf<S>, context: ProcessorContext): Processor
}

export interface OutputContext {
  /** Name in the configuration. */
  readonly name: string
  /** `pipeline/name`: how state knows it. */
  readonly id: string
  readonly hostName: string
  readonly keys: StepContext['keys']
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
  /** What the output stored in earlier runs under a key of its own, and how to store it; resolves once that is durable. */
  readonly note: (key: string) => string | undefined
  readonly setNote: (key: string, value: string) => Promise<void>
  /** Where the output stands in a source, 0 where that was never stored: rows before it never come again once what is noted from now on
   * is durable. */
  readonly cursor: (source: SourceId) => Position
}
export interface OutputDefinition<S extends z.ZodRawShape = z.ZodRawShape> extends Definition<S> {
  readonly kind: 'output'
  /** Batching defaults that differ from delivery's. */
  readonly delivery?: { readonly batchBytes?: number; readonly flushMs?: number; readonly retryMaxMs?: number }
  /** Two threads would write into each other's rows: all inputs that lead there are read by one. */
  readonly oneWriter?: true
  /** Files that it makes; of those that get new names, one for all. */
  writes?(options: OptionsOf<S>): readonly string[]
  create(options: OptionsOf<S>, context: OutputContext): Promise<Output> | Output
}

/** Where an input is. */
export interface InputPlace {
  /** Name in the configuration. */
  readonly name: string
  readonly stateDir: string
}

export interface FeedContext extends InputPlace {
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

/** Makes rows until it is stopped. */
export interface Feed {
  stop(): void
}

/** What an input needs to make sources: see inputs/follow.ts for files. */
export interface InputDefinition<S extends z.ZodRawShape = z.ZodRawShape> extends Definition<S> {
  readonly kind: 'input'
  /** Turns the options into what the file follower does: which paths, which framing, what the path says. */
  plan(options: OptionsOf<S>, place: InputPlace): FollowPlan
  /** Of an input that makes its rows itself: begins to write them to the file that its plan follows. Runs on the control thread. */
  feed?(options: OptionsOf<S>, context: FeedContext): Promise<Feed>
}

/** All components by name. Each is loaded when something asks for it. */
export interface ComponentRegistry {
  readonly inputs: Readonly<Record<string, () => Promise<InputDefinition>>>
  readonly parsers: Readonly<Record<string, () => Promise<ParserDefinition>>>
  readonly processors: Readonly<Record<string, () => Promise<ProcessorDefinition>>>
  readonly outputs: Readonly<Record<string, () => Promise<OutputDefinition>>>
  /** What checks queries. */
  readonly queries: () => Promise<TextCheck>
  /** What checks patterns. */
  readonly patterns: () => Promise<TextCheck>
  /** What checks templates of messages. */
  readonly templates: () => Promise<TextCheck>
  /** What knows which files inputs follow. */
  readonly paths: () => Promise<PathCheck>
  /** What checks rule files. */
  readonly rules: () => Promise<RuleCheck>
}

/** Checks rule files, which have a form of their own. */
export interface RuleCheck {
  /** Reports all mistakes. `taken`: names of metrics that others make. */
  checkRules(files: readonly RuleFile[], taken: ReadonlySet<string>, problems: Problems): void
}

export interface PathCheck {
  /** Whether a file of this path would be followed. */
  follows(plan: FollowPlan, path: string): boolean
}

/** Checks texts in a language of their own. */
export interface TextCheck {
  /** Why a text can not be used, and the offset in it, if it is one place; undefined where it can. */
  faultIn(text: string): { readonly message: string; readonly at: number | undefined } | undefined
}

/** Which lines are one record, as plain data: by a preset, or by patterns. */
export interface MultilinePlan {
  readonly preset?: string | undefined
  readonly start?: string | undefined
  readonly continue?: string | undefined
  readonly end?: string | undefined
  readonly negate: boolean
  readonly maxLines: number
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** What to follow, as plain data: it is sent to shards. */
export interface FollowPlan {
  readonly paths: readonly string[]
  readonly exclude: readonly string[]
  readonly framing: 'lines' | 'containers'
  /** As `TextDecoder` names it; absent: UTF-8. */
  readonly encoding?: string
  /** What ends a line; absent: LF. */
  readonly lineEnd?: 'lf' | 'cr'
  /** Absent: each line is a record. */
  readonly multiline?: MultilinePlan
  /** Path patterns that name the pod: see inputs/containers.ts. */
  readonly pathFields: 'none' | 'containers'
  readonly readFrom: 'beginning' | 'end' | number
  readonly ignoreOlderMs: number
  readonly maxLineBytes: number
  readonly partialMs: number
  readonly scanMs: number
  readonly followSymlinks: boolean
  /** Directories that symlinks may lead to, besides those of `paths`. */
  readonly linkRoots: readonly string[]
  /** Directories, besides its own, that a file is moved or copied to when it is rotated. */
  readonly rotatedTo: readonly string[]
  /** Files open at a time. */
  readonly maxOpenFiles: number
  /** By which thread it is read: `own` is shared with no input that it need not be, `auto` is `own` on remote file systems. */
  readonly shard: 'auto' | 'own' | 'shared'
  /** `auto`: files that are gzip or zstd are read as what they hold. `none`: they are left alone. */
  readonly compression: 'none' | 'auto'
}

export type AnyDefinition = ParserDefinition | ProcessorDefinition | OutputDefinition | InputDefinition

export function defineParser<S extends z.ZodRawShape>(
  definition: Omit<ParserDefinition<S>, 'kind'>
): ParserDefinition<S> {
  return { kind: 'parser', ...definition }
}
export function defineProcessor<S extends z.ZodRawShape>(
  definition: Omit<ProcessorDefinition<S>, 'kind'>
): ProcessorDefinition<S> {
  return { kind: 'processor', ...definition }
}
export function defineOutput<S extends z.ZodRawShape>(
  definition: Omit<OutputDefinition<S>, 'kind'>
): OutputDefinition<S> {
  return { kind: 'output', ...definition }
}
export function defineInput<S extends z.ZodRawShape>(definition: Omit<InputDefinition<S>, 'kind'>): InputDefinition<S> {
  return { kind: 'input', ...definition }
}
