import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '../../src/cli/client.ts'
import { bytesOf, inputFile, type LineKind, LineMaker } from './generate.ts'
import { Pinned, usage } from './process.ts'
import { ruleFile } from './typical-rules.ts'

/** Lines that no window has any more would cost rules nothing: those of tomorrow are of now. */
const tomorrow = Date.UTC(2100, 0, 1)
/** Core of the collector, and of everything else. */
const collectorCore = 1
const otherCore = 0

export interface Result {
  readonly workload: string
  readonly lines: number
  readonly documents: number
  /** Lines by a CPU second of the collector, start-up included; for steady workloads cores used. */
  readonly linesPerCpuSecond: number
  readonly linesPerSecond: number
  readonly inputMBPerSecond: number
  readonly cpuSecondsPerMillion: number
  readonly cores: number
  readonly peakMiB: number
  readonly bytesPerDocument: number
  readonly wireBytesPerDocument: number
  /** CPU time of the sink by wall time: well below 1, or the sink was the bottleneck. */
  readonly sinkLoad: number
  /** From the writing of a line to the sink, ms; steady workloads only. */
  readonly ages?: { readonly p50: number; readonly p99: number; readonly max: number }
}

export interface Workload {
  readonly id: string
  readonly what: string
  readonly gzip: number
  /** Left out: elasticsearch. */
  readonly output?: 'otlp'
  readonly kind: LineKind
  /** Left out: what the collector does without being told. */
  readonly parser?: string
  /** Steps, as YAML. */
  readonly process?: string
  /** Ten typical rules see its lines. */
  readonly hasRules?: true
  /** Steady workloads: files and lines a second, for how long, and how many files of one line lie beside them. */
  readonly steady?: {
    readonly files: number
    readonly rate: number
    readonly seconds: number
    readonly idle?: number
  }
}

const masking = '- redact: { presets: [secrets, cards, emails, ips] }'

export const workloads: readonly Workload[] = [
  { id: 'W1', what: 'JSON → normalised → bulk', kind: 'json', gzip: 0 },
  { id: 'W2', what: 'W1 with gzip', kind: 'json', gzip: 1 },
  { id: 'W3', what: 'Apache combined → fields → bulk', kind: 'access', gzip: 0, parser: 'access' },
  { id: 'W4', what: 'CRI + JSON → bulk, gzip', kind: 'cri', gzip: 1 },
  { id: 'W6', what: 'JSON → normalised → OTLP/HTTP, gzip', kind: 'json', gzip: 1, output: 'otlp' },
  { id: 'W5', what: 'raw text → bulk', kind: 'text', gzip: 0 },
  {
    id: 'W8',
    what: '10 files, 10,000 lines/s',
    kind: 'json',
    gzip: 1,
    steady: { files: 10, rate: 10_000, seconds: 30 }
  },
  {
    id: 'W11',
    what: '1,000 files at rest, 10 with 1 line/s',
    kind: 'json',
    gzip: 1,
    steady: { files: 10, rate: 10, seconds: 60, idle: 1000 }
  },
  {
    id: 'W12',
    what: 'write → sink, 1 file, 10,000 lines/s',
    kind: 'json',
    gzip: 1,
    steady: { files: 1, rate: 10_000, seconds: 20 }
  },
  { id: 'W13', what: '1 file, 1 line/s', kind: 'json', gzip: 1, steady: { files: 1, rate: 1, seconds: 60 } },
  { id: 'W15', what: 'W1 with ten rules', kind: 'json', gzip: 0, hasRules: true },
  { id: 'W16', what: 'W1 with redact, all presets', kind: 'json', gzip: 0, process: masking },
  { id: 'W17', what: 'W16, a secret in each tenth line', kind: 'secret', gzip: 0, process: masking }
]

/** One run of a workload with the package in `root`. */
export async function run(workload: Workload, root: string, lines: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-collector-bench-'))
  const steady = workload.steady
  const idle = steady?.idle ?? 0
  const total = steady === undefined ? lines : steady.rate * steady.seconds + idle
  const sink = new Pinned(otherCore, [process.execPath, join(import.meta.dirname, 'sink.ts')], {
    TARGET: String(total),
    ...(steady === undefined ? {} : { AGES: '1' })
  })
  try {
    const port = await sink.line('ready', 20_000)
    const logs = join(folder, 'logs')
    mkdirSync(logs)
    const maker = new LineMaker('json')
    for (let file = 0; file < idle; file++) writeFileSync(join(logs, `idle-${file}.log`), `${maker.next(Date.now())}\n`)
    const path =
      steady === undefined
        ? inputFile(join(tmpdir(), 'mcp-collector-bench'), workload.kind, lines, workload.hasRules && tomorrow)
        : join(logs, '*.log')
    const config = join(folder, 'config.yaml')
    writeFileSync(config, configFor(workload, path, port))
    writeFileSync(join(folder, 'rules.yaml'), ruleFile())
    const state = join(folder, 'state')
    const command = ['node', join(root, 'bin/mcp-collector.js'), 'run', config, '--state-dir', state]
    const began = performance.now()
    const collector = new Pinned(collectorCore, command)
    try {
      if (steady !== undefined) await ready(state, 30_000)
      const measured = steady === undefined ? await burst(collector, sink) : await pace(collector, sink, logs, steady)
      await collector.stop()
      return await resultOf({ workload, measured, total, port, wallMs: performance.now() - began })
    } finally {
      await collector.stop('SIGKILL')
    }
  } finally {
    await sink.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits until a collector follows its files. */
async function ready(state: string, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  while ((await ask<{ status: string }>(state, { path: '/readyz', accept: [503] }))?.status !== 'ready') {
    if (performance.now() > end) throw new Error(`Not ready within ${withinMs} ms`)
    await delay(20)
  }
}

interface Measured {
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly peakMiB: number
}

async function burst(collector: Pinned, sink: Pinned): Promise<Measured> {
  const began = performance.now()
  await Promise.race([sink.line('reached', 300_000), collector.exited])
  const wallSeconds = (performance.now() - began) / 1000
  const { cpuSeconds, peakMiB } = usage(collector.pid)
  return { cpuSeconds, wallSeconds, peakMiB }
}

async function pace(
  collector: Pinned,
  sink: Pinned,
  logs: string,
  steady: NonNullable<Workload['steady']>
): Promise<Measured> {
  const { files, rate, seconds } = steady
  const command = [
    process.execPath,
    join(import.meta.dirname, 'feed.ts'),
    logs,
    String(files),
    String(rate),
    String(seconds)
  ]
  const feed = new Pinned(otherCore, command)
  // The first quarter warms the code up; what users pay for years is what comes behind it.
  await delay(seconds * 250)
  const before = usage(collector.pid)
  const began = performance.now()
  await feed.exited
  const after = usage(collector.pid)
  const wallSeconds = (performance.now() - began) / 1000
  await sink.line('reached', 30_000)
  return { cpuSeconds: after.cpuSeconds - before.cpuSeconds, wallSeconds, peakMiB: usage(collector.pid).peakMiB }
}

async function resultOf({
  workload,
  measured,
  total,
  port
}: {
  workload: Workload
  measured: Measured
  total: number
  port: string
  wallMs: number
}): Promise<Result> {
  const report = (await (await fetch(`http://127.0.0.1:${port}/report`)).json()) as Record<string, number>
  const documents = report['documents']!
  if (documents !== total) throw new Error(`${workload.id}: ${documents} documents of ${total} lines`)
  const { cpuSeconds, wallSeconds, peakMiB } = measured
  return {
    workload: workload.id,
    lines: total,
    documents,
    linesPerCpuSecond: total / cpuSeconds,
    linesPerSecond: total / wallSeconds,
    inputMBPerSecond: (total * bytesOf[workload.kind]) / wallSeconds / 1e6,
    cpuSecondsPerMillion: (cpuSeconds / total) * 1e6,
    cores: cpuSeconds / wallSeconds,
    peakMiB,
    bytesPerDocument: report['bodyBytes']! / documents,
    wireBytesPerDocument: report['wireBytes']! / documents,
    sinkLoad: report['cpuSeconds']! / wallSeconds,
    ...(report['ageP99'] === undefined
      ? {}
      : { ages: { p50: report['ageP50']!, p99: report['ageP99'], max: report['ageMax']! } })
  }
}

function outputFor({ gzip, output }: Workload, port: string): string {
  const url = `"http://127.0.0.1:${port}"`
  if (output === 'otlp') return `type: otlp, endpoint: ${url}`
  return `type: elasticsearch, endpoints: [${url}], gzip_level: ${gzip}`
}

function configFor(workload: Workload, path: string, port: string): string {
  return `version: 1
inputs:
  bench: { type: ${workload.kind === 'cri' ? 'containers' : 'file'}, paths: ["${path}"], ignore_older: 3650d${workload.parser === undefined ? '' : `, parser: ${workload.parser}`} }
outputs:
  sink: { ${outputFor(workload, port)} }
server: { listen: "127.0.0.1:0" }
${workload.process === undefined ? '' : `process:\n  ${workload.process}\n`}${workload.hasRules ? 'rules: { files: [rules.yaml] }\n' : ''}`
}
