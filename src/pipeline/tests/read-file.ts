import { resolve } from 'node:path'
import type { MapNode } from '../../config/tree.ts'
import { quoted } from '../../config/problems.ts'
import { pathMatcher } from '../../inputs/file/glob.ts'
import { Fields } from '../../rules/fields.ts'
import type { InputPlan } from '../plan.ts'
import type { TestFile } from './pipeline-test.ts'
import { type TestContext, textsOf } from './context.ts'

const keys = ['path', 'container', 'stream', 'lines']
/** Encodings that text can be turned into, as `TextDecoder` names them. */
const encodings: Readonly<Record<string, BufferEncoding>> = {
  'utf-8': 'utf8',
  'utf-16le': 'utf16le',
  'windows-1252': 'latin1'
}

/** Reads one entry of `files`: lines as they are, or as a container runtime writes them. */
export function readFile(node: MapNode, context: TestContext): TestFile | undefined {
  const { problems, plan, folder, nowMs } = context
  const where = ` of files${context.where}`
  const fields = new Fields(node, { keys, where }, problems)
  for (const key of ['path', 'lines']) if (!fields.has(key)) fields.missing(key)
  const named = fields.name('path')
  const container = fields.choice('container', ['cri', 'docker'])
  const stream = fields.choice('stream', ['stdout', 'stderr']) ?? 'stdout'
  const texts = textsOf(fields, 'lines', 'text') ?? []
  if (named === undefined) return undefined
  const path = resolve(folder, named.text)
  const input = plan.inputs.find(({ follow }) => pathMatcher(follow.paths)(path) && !pathMatcher(follow.exclude)(path))
  if (input === undefined) {
    fields.report(
      named.at,
      `No input follows ${quoted(named.written)}${where}: compare "paths" and "exclude" of ${inputsOf(plan.inputs)}`
    )
    return undefined
  }
  const { encoding = 'utf-8', lineEnd } = input.follow
  const form = encodings[encoding]
  if (form === undefined) {
    fields.report(named.at, `Cannot test input "${input.name}"${where}: lines are not turned into ${encoding}`)
    return undefined
  }
  const lines = texts.flatMap(text => text.replace(/\n$/, '').split('\n'))
  const written = container === undefined ? lines : lines.map(line => wrapped(line, { container, stream, nowMs }))
  const end = lineEnd === 'cr' ? '\r' : '\n'
  return { path, input, bytes: Buffer.from(written.map(line => line + end).join(''), form) }
}

function inputsOf(inputs: readonly InputPlan[]): string {
  return inputs.map(({ name }) => `"${name}"`).join(', ')
}

interface Wrapping {
  readonly container: 'cri' | 'docker'
  readonly stream: 'stdout' | 'stderr'
  readonly nowMs: number
}

function wrapped(line: string, { container, stream, nowMs }: Wrapping): string {
  const time = new Date(nowMs).toISOString()
  return container === 'cri' ? `${time} ${stream} F ${line}` : JSON.stringify({ log: `${line}\n`, stream, time })
}
