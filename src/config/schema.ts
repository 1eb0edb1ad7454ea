import type { z } from 'zod'
import type { AnyDefinition, ComponentRegistry, OutputDefinition, ParserDefinition } from './define.ts'
import type { InputDefinition, ProcessorDefinition } from './define.ts'
import { deliveryDefaults } from './delivery-defaults.ts'
import { optionTypes as t } from './option-types.ts'
import { rulesSchema } from './rules-section.ts'

/** The components that a configuration uses, loaded, and the names of all that exist. */
export interface Components {
  readonly inputs: readonly InputDefinition[]
  readonly parsers: readonly ParserDefinition[]
  readonly processors: readonly ProcessorDefinition[]
  readonly outputs: readonly OutputDefinition[]
  readonly names: Readonly<Record<ComponentKind, readonly string[]>>
}
export type ComponentKind = Exclude<keyof ComponentRegistry, 'queries' | 'patterns' | 'templates' | 'paths' | 'rules'>

/** Which key of a map chooses its component, out of which names. Read by bind.ts. */
export interface Variants {
  readonly key: 'type' | 'use'
  readonly what: string
  readonly names: readonly string[]
}
export const variants: z.core.$ZodRegistry<Variants> = t.z.registry<Variants>()

/** Names of all processors, where a schema has only those that are loaded. */
export const stepNames: z.core.$ZodRegistry<Pick<Variants, 'names'>> = t.z.registry<Pick<Variants, 'names'>>()

export const defaultParser = 'auto'
export const impliedProcessor = 'normalize'

const kibi = 1024
const mebi = kibi * kibi

/** The whole file format. Keys are camelCase here and snake_case in files. Without `hasRules` nothing is accepted as rules: making their
 * part takes a third of the time. */
export function fileSchema(components: Components, hasRules = true) {
  const step = stepSchema(components)
  const rules = hasRules ? rulesSchema() : (t.z.strictObject({}) as never)
  return t.z.strictObject({
    version: t.z.literal(1).describe('Version of the file format.'),
    collector: collectorSchema().prefault({}),
    inputs: t.map('What to read, by names of your own.', inputSchema(components)),
    process: t
      .list('Steps that all rows go through, in this order; normalize is implied and comes first.', step)
      .default([]),
    outputs: t.map('Where to send rows, by names of your own.', outputSchema(components)),
    pipelines: t
      .map(
        'Which inputs go through which steps to which outputs; left out: one pipeline "default" of everything.',
        t.group('A pipeline.', {
          inputs: namesOf('inputs'),
          process: t.list('Steps of this pipeline; left out: those of the file.', step).optional(),
          outputs: namesOf('outputs')
        })
      )
      .optional(),
    agent: t
      .group('The agent that this collector runs beside.', {
        config: t
          .path(
            'Its configuration, in YAML: `id`, `role`, `heartbeat_interval` and `log_path` are taken from there, at the top or in `agent`. Its log is followed as the input `agent`, unless there is one. What is missing is told and changes nothing; when the file changes, the configuration is reloaded.'
          )
          .optional()
      })
      .optional(),
    agents: agentsSchema().prefault({}),
    server: t
      .group('Status, metrics and probes over HTTP.', {
        listen: t
          .address('Address of the server; other than this machine alone needs a token.')
          .prefault('127.0.0.1:9680'),
        token: t
          .secret(
            'Bearer token that requests must carry; probes go without. On this machine only changes and the rows of dead letters need it.'
          )
          .optional()
      })
      .prefault({}),
    metrics: t
      .group('A second listener for /metrics, /livez and /readyz alone, without a token.', {
        listen: t.address('Address of the listener.')
      })
      .optional(),
    rules: rules.optional(),
    log: t
      .group("The program's own log.", {
        level: t.choice('The least important messages to show.', ['debug', 'info', 'warn', 'error']).default('info')
      })
      .prefault({})
  })
}
export type FileContent = z.output<ReturnType<typeof fileSchema>>

function namesOf(what: string) {
  return t.list(`Names of the ${what}; left out: all of them.`, t.text('A name.')).optional()
}

function collectorSchema() {
  return t.group('The process itself.', {
    stateDir: t
      .path('Folder of cursors and dead letters; left out: mcp-collector in the state folder of the user.')
      .optional(),
    hostName: t.text('Name of this machine in every row; left out: as the system says.').optional(),
    resource: t.map('Fields of every row, under the names they shall have.', t.text('A value.')).prefault({}),
    shards: t.count('Threads that read and send.', { min: 1, max: 1 }).default(1),
    drainTimeout: t.duration('How long a stop may take.', { min: 100 }).default(5000),
    holdDeleted: t
      .size(
        'How much disk space, in the state folder, what was not sent yet of deleted files may take, packed; what finds no room is counted as lost (`queue_evicted`). `0` keeps nothing.'
      )
      .default(kibi * kibi * kibi)
  })
}

function agentsSchema() {
  return t.group('Programs that are seen in rows: which there are, and whether they are still there.', {
    maxAgents: t
      .count(
        'The most that are remembered; with more, those that have left are forgotten first, and others are not taken.',
        {
          min: 1,
          max: 1_000_000
        }
      )
      .default(10_000),
    heartbeatInterval: t
      .duration('How often agents give a sign of life; left out: as it is learnt of the heartbeats of each.', {
        min: 1000
      })
      .optional(),
    idleAfter: t
      .duration(
        'An agent with nothing but heartbeats for so long is idle, as is one without heartbeats that says nothing.',
        {
          min: 1000
        }
      )
      .default(300_000),
    forgetAfter: t
      .duration('An agent is forgotten when it was not seen for so long.', { min: 3_600_000 })
      .default(7 * 86_400_000)
  })
}

function inputSchema(components: Components): z.ZodType {
  return choose(
    { key: 'type', what: 'input', names: components.names.inputs },
    components.inputs,
    inputShape(components)
  )
}

/** Options that every input has. */
export function inputShape(components: Components) {
  const parser = parserSchema(components, {
    if: t
      .query(
        'Lines to try it on, as a LogQL query: what they say, and the fields of their source, as `{container="nginx"}`; left out: all.'
      )
      .optional()
  })
  return {
    service: t.text('Service of rows that name none.').default(''),
    dataset: t
      .text('Dataset of the data stream that rows go to.')
      .refine(text => datasetForm.test(text), { error: ({ input }) => mendedDataset(String(input)) })
      .default('mcp.agent'),
    parser: parser
      .describe('Finds the fields of a line: a name, or a map of "use" and its options.')
      .prefault({ use: defaultParser }),
    parsers: t
      .list(
        'Instead of one parser several, each as `parser`: of each line the first that understands it counts.',
        parser
      )
      .min(1)
      .optional(),
    onParseError: t
      .choice(
        'What becomes of lines that the parser does not understand: `keep` sends them as text with `error.type`, `drop` counts them as filtered, `dead_letter` puts them among the dead letters as they were read.',
        ['keep', 'drop', 'dead_letter']
      )
      .default('keep')
  }
}

const datasetForm = /^[a-z0-9][a-z0-9._]{0,99}$/

/** Elasticsearch cuts the name of a data stream at "-", and wants lower case. */
function mendedDataset(text: string): string {
  const mended = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._]+/g, '.')
    .slice(0, 100)
  if (datasetForm.test(mended)) return `did you mean "${mended}"?`
  return 'a dataset is made of lower-case letters, digits, "." and "_", for example "mcp.agent"'
}

function outputSchema({ outputs, names }: Components): z.ZodType {
  return choose({ key: 'type', what: 'output', names: names.outputs }, outputs, definition =>
    deliveryShape(definition as OutputDefinition)
  )
}

/** Options of delivery that every output has. */
export function deliveryShape(definition?: OutputDefinition) {
  const { deadLetters, ...defaults } = { ...deliveryDefaults, ...definition?.delivery }
  return {
    batch: t
      .group('How many rows go into one request.', {
        maxBytes: t.size('Send when so much has gathered.', { min: kibi }).default(defaults.batchBytes),
        flush: t
          .duration('Send after this time at the latest; a row that comes after a quiet time is sent at once.', {
            min: 1
          })
          .default(defaults.flushMs)
      })
      .prefault({}),
    maxInFlightBytes: t
      .size('Memory for requests that are not answered yet; when it is full, reading waits.', { min: 64 * kibi })
      .default(defaults.maxInFlightBytes),
    maxConcurrency: t.count('Most requests at a time.', { min: 1, max: 64 }).default(defaults.maxConcurrency),
    retry: t
      .group('Waits between attempts; there is no limit to their number.', {
        min: t.duration('First wait.', { min: 1 }).default(defaults.retryMinMs),
        max: t.duration('Longest wait.', { min: 1 }).default(defaults.retryMaxMs)
      })
      .prefault({}),
    deadLetters: t
      .group('Where rows go that the output refuses for good.', {
        maxBytes: t.size('Most that is kept.').default(deadLetters.maxBytes),
        maxAge: t
          .duration('Letters are dropped after this time, counted while a collector runs.')
          .default(deadLetters.maxAgeMs),
        whenFull: t.choice('What to do when no more fits.', ['pause', 'drop']).default(deadLetters.whenFull)
      })
      .prefault({}),
    maxBacklog: t
      .group(
        'How far the output may be behind. Older rows are given up and counted as lost (`backlog_evicted`), but for requests on their way; left out: it is behind as long as files hold what it has not got.',
        {
          bytes: t
            .size('Most that it may have to read, over all files of a thread; beyond, the oldest is given up.', {
              min: mebi
            })
            .optional(),
          age: t
            .duration('Rows that are older than this when their turn comes, by their own time, are given up.', {
              min: 1000
            })
            .optional()
        }
      )
      .prefault({}),
    startFrom: t
      .choice('Where a new output begins on what is followed already; `beginning` is where the input began.', [
        'now',
        'beginning'
      ])
      .default('now'),
    if: t.query('Rows that go here, as a LogQL query; left out: all.').optional(),
    final: t
      .flag('Rows that go here go to none of the outputs behind it; an output without `if` then takes the rest.')
      .default(false)
  }
}

export type DeliveryContent = z.output<z.ZodObject<ReturnType<typeof deliveryShape>>>

/** A step is a map of one key: the processor's name, and its options. */
function stepSchema(components: Components) {
  const { processors, names } = components
  const steps = processors.map(definition => [
    definition.name,
    optionsSchema(definition, stepShape(definition, components)).optional()
  ])
  const shape = Object.fromEntries(steps) as Record<string, z.ZodOptional<z.ZodObject>>
  return t.z.strictObject(shape).register(stepNames, { names: names.processors })
}

/** Options of a step besides its own. */
export function stepShape(definition: AnyDefinition, components: Components): z.ZodRawShape {
  if (definition.kind !== 'processor' || definition.parses !== true) return {}
  const about = 'Finds the fields of a value: a name, or a map of "use" and its options.'
  return { parser: parserSchema(components, {}).describe(about) }
}

/** A scalar stands for { use: scalar }: bind.ts. */
function parserSchema({ parsers, names }: Components, more: z.ZodRawShape) {
  return choose({ key: 'use', what: 'parser', names: names.parsers }, parsers, more)
}

export function optionsSchema(definition: AnyDefinition, more: z.ZodRawShape = {}) {
  const own = definition.options(t)
  const twice = Object.keys(more).find(key => Object.hasOwn(own, key))
  if (twice !== undefined) throw new Error(`Cannot define "${twice}" in ${definition.kind} "${definition.name}" again`)
  const schema = t.z.strictObject({ ...more, ...own }).describe(definition.summary)
  const fault = (options: unknown): string | undefined => definition.faultIn?.(options as never)
  return schema.refine(options => fault(options) === undefined, { error: ({ input }) => fault(input) })
}

type More = z.ZodRawShape | ((definition: AnyDefinition) => z.ZodRawShape)

/** A map whose `type` or `use` names a component and whose other keys are that component's options. */
function choose(by: Variants, definitions: readonly AnyDefinition[], more: More) {
  const { key, what } = by
  const options = definitions.map(definition =>
    optionsSchema(definition, {
      [key]: t.z.literal(definition.name).describe(`Name of the ${what}.`),
      ...(typeof more === 'function' ? more(definition) : more)
    })
  )
  // A union needs a member; bind.ts refuses every value before this one is asked.
  const none = t.z.strictObject({ [key]: t.z.literal('') })
  const [first = none, ...rest] = options
  return t.z.discriminatedUnion(key, [first, ...rest]).register(variants, by)
}
