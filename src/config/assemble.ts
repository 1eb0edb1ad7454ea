import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { AgentBeside } from './agent-beside.ts'
import type { Binding } from './bind.ts'
import type { Config, InputConfig, OutputConfig, ParserUse, PipelineConfig, RuleFile, Use } from './config.ts'
import { defaultStateDir, type Environment } from './paths.ts'
import { rulesOf } from './rules-section.ts'
import { type Components, type DeliveryContent, type FileContent, impliedProcessor, optionsSchema } from './schema.ts'

type Options = Record<string, unknown>

/** What was read besides the content. */
interface Surroundings {
  readonly files: readonly string[]
  readonly env: Environment
  /** Files that options name. */
  readonly named: Binding['files']
  readonly ruleFiles: readonly RuleFile[]
  readonly beside: AgentBeside | undefined
}

/** Makes the configuration of what a file says: units into names, defaults that depend on the machine, the implied parts. */
export function assemble(
  content: FileContent,
  components: Components,
  { files, env, named, ruleFiles, beside }: Surroundings
): Config {
  const { collector, agents, server, metrics, log, rules } = content
  const { stateDir, hostName, resource, shards, drainTimeout, holdDeleted } = collector
  return {
    version: 1,
    files: [...files],
    collector: {
      stateDir: stateDir ?? defaultStateDir(env),
      resource,
      ...(hostName !== undefined && { hostName }),
      shards,
      drainTimeoutMs: drainTimeout,
      holdDeletedBytes: holdDeleted
    },
    inputs: Object.entries(content.inputs).map(([name, input]) => ({
      ...inputOf(name, input as Options),
      ...(name === beside?.input && beside.id !== undefined && { agentId: beside.id })
    })),
    outputs: Object.entries(content.outputs).map(([name, output]) => ({
      ...outputOf(name, output as Options),
      contents: contentsOf(name, named)
    })),
    pipelines: pipelinesOf(content, impliedOf(components)),
    agents: {
      maxAgents: agents.maxAgents,
      ...(agents.heartbeatInterval !== undefined && { intervalMs: agents.heartbeatInterval }),
      idleAfterMs: agents.idleAfter,
      forgetAfterMs: agents.forgetAfter,
      ...(beside !== undefined && { beside })
    },
    server: { listen: server.listen, ...(server.token !== undefined && { token: server.token }) },
    ...(metrics !== undefined && { metrics: { listen: metrics.listen } }),
    log: { level: log.level },
    ...(rules !== undefined && { rules: rulesOf(rules, ruleFiles) })
  }
}

function inputOf(name: string, input: Options): InputConfig {
  const { type, service, dataset, parser, parsers, onParseError, ...options } = input
  return {
    name,
    use: String(type),
    service: String(service),
    dataset: String(dataset),
    parsers: ((parsers ?? [parser]) as Options[]).map(parserOf),
    onParseError: onParseError as InputConfig['onParseError'],
    options
  }
}

function parserOf({ use, if: condition, ...options }: Options): ParserUse {
  return { use: String(use), options, ...(typeof condition === 'string' && { condition }) }
}

/** Hashes of the files that an output names. A pipe would be read once, and then be empty for the run. */
function contentsOf(output: string, named: Binding['files']): string[] {
  return named
    .filter(({ path, file }) => path[0] === 'outputs' && path[1] === output && statSync(file).isFile())
    .map(({ file }) => createHash('sha256').update(readFileSync(file)).digest('hex'))
}

function outputOf(name: string, output: Options): Omit<OutputConfig, 'contents'> {
  const {
    batch,
    maxInFlightBytes,
    maxConcurrency,
    retry,
    deadLetters,
    maxBacklog,
    startFrom,
    if: condition,
    final,
    ...own
  } = output as DeliveryContent
  const { type, ...options } = own as Options
  return {
    name,
    use: String(type),
    startFrom,
    ...(condition !== undefined && { condition }),
    final,
    delivery: {
      batchBytes: batch.maxBytes,
      flushMs: batch.flush,
      maxInFlightBytes,
      maxConcurrency,
      retryMinMs: retry.min,
      retryMaxMs: retry.max,
      ...(maxBacklog.bytes !== undefined && { maxBacklogBytes: maxBacklog.bytes }),
      ...(maxBacklog.age !== undefined && { maxBacklogAgeMs: maxBacklog.age }),
      deadLetters: { maxBytes: deadLetters.maxBytes, maxAgeMs: deadLetters.maxAge, whenFull: deadLetters.whenFull }
    },
    options
  }
}

function pipelinesOf(content: FileContent, implied: readonly Use[]): PipelineConfig[] {
  const everything = { inputs: Object.keys(content.inputs), outputs: Object.keys(content.outputs) }
  return Object.entries(content.pipelines ?? { default: {} }).map(([name, pipeline]) => ({
    name,
    inputs: pipeline.inputs ?? everything.inputs,
    outputs: pipeline.outputs ?? everything.outputs,
    process: stepsOf(pipeline.process ?? content.process, implied)
  }))
}

function stepsOf(steps: FileContent['process'], implied: readonly Use[]): Use[] {
  const named = steps.flatMap(step => Object.entries(step).map(([use, options]) => ({ use, options: options ?? {} })))
  return named[0]?.use === impliedProcessor ? named : [...implied, ...named]
}

/** `normalize` with its defaults. */
function impliedOf({ processors }: Components): Use[] {
  const definition = processors.find(({ name }) => name === impliedProcessor)
  return definition ? [{ use: definition.name, options: optionsSchema(definition).parse({}) }] : []
}
