import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Kinds of input lines. Every line of `json`, `secret`, `text` and `access` takes 259 bytes with its line end, so that rates compare; `secret` is
 * `json` with something to hide in each tenth line, `cri` is `json` behind what a container runtime writes in front of it. */
export type LineKind = 'json' | 'secret' | 'text' | 'access' | 'cri'

const contentBytes = 259
const criStamp = '2026-11-20T00:00:00.000000000Z'
const criStream = ' stdout F '
/** What a line of a kind takes, with its line end. */
export const bytesOf: Readonly<Record<LineKind, number>> = {
  json: contentBytes,
  secret: contentBytes,
  text: contentBytes,
  access: contentBytes,
  cri: criStamp.length + criStream.length + contentBytes
}
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const statuses = [200, 200, 200, 200, 304, 404, 500]
const browsers = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14.7; rv:132.0) Gecko/20100101 Firefox/132.0',
  'curl/8.11.0'
]
const services = ['mcp-agent', 'planner', 'tool-runner', 'memory-store', 'gateway', 'embedder', 'scheduler', 'billing']
const levels = ['info', 'info', 'info', 'info', 'info', 'debug', 'debug', 'warn', 'error']
const subjects = [
  'tool call',
  'agent session',
  'vector lookup',
  'prompt cache',
  'upstream reply',
  'heartbeat',
  'retry budget',
  'plan step'
]
const verbs = [
  'finished in',
  'was queued for',
  'waited for',
  'failed after',
  'was resumed after',
  'is slower than',
  'used'
]
const secrets = [
  'password=hunter2',
  'token: 0f8fad5b-d9cb-469f',
  'from ann@example.org',
  'peer 203.0.113.7',
  'card 4111 1111 1111 1111'
]
const tails = [
  'by worker',
  'for tenant',
  'on connection',
  'with budget',
  'in region',
  'for model',
  'at depth',
  'from peer'
]

/** Deterministic numbers: the same file on every machine. */
class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
  hex(digits: number): string {
    let text = ''
    while (text.length < digits)
      text += this.below(2 ** 24)
        .toString(16)
        .padStart(6, '0')
    return text.slice(0, digits)
  }
}

/** When the first line was written, if nothing else is said, epoch ms. */
const firstTime = Date.UTC(2026, 10, 20)

/** Endless lines of a kind, without line end. */
export class LineMaker {
  readonly #random: Random
  readonly #kind: LineKind
  #time: number

  constructor(kind: LineKind, time = firstTime) {
    this.#kind = kind
    this.#time = time
    this.#random = new Random(7)
  }

  next(time?: number): string {
    const random = this.#random
    this.#time = time ?? this.#time + random.below(3)
    const stamp = new Date(this.#time).toISOString()
    if (this.#kind === 'access') return this.#request(stamp)
    const level = random.pick(levels)
    const service = random.pick(services)
    const trace = random.hex(32)
    const isText = this.#kind === 'text'
    const head = isText
      ? `${stamp} ${level.toUpperCase()} ${service} [${trace}] `
      : `{"timestamp":"${stamp}","level":"${level}","service_name":"${service}","trace_id":"${trace}","message":"`
    const tail = isText ? '' : '"}'
    const runtime = this.#kind === 'cri' ? `${stamp.slice(0, -1)}123456Z${criStream}` : ''
    return runtime + head + this.#message(contentBytes - 1 - head.length - tail.length) + tail
  }

  /** A line of Apache's combined format; its path is as long as there is room. */
  #request(stamp: string): string {
    const random = this.#random
    const client = `203.0.${random.below(256)}.${random.below(256)}`
    const day = `${stamp.slice(8, 10)}/${months[Number(stamp.slice(5, 7)) - 1]}/${stamp.slice(0, 4)}`
    const head = `${client} - - [${day}:${stamp.slice(11, 19)} +0000] "GET /${random.pick(services)}/`
    const reply = `${random.pick(statuses)} ${random.below(90_000)}`
    const tail = ` HTTP/1.1" ${reply} "https://example.org/" "${random.pick(browsers)}"`
    return head + random.hex(contentBytes - 1 - head.length - tail.length) + tail
  }

  #message(length: number): string {
    const random = this.#random
    let text = this.#kind === 'secret' && random.below(10) === 0 ? `${random.pick(secrets)}, ` : ''
    while (text.length < length) {
      text += `${random.pick(subjects)} ${random.pick(verbs)} ${random.below(90_000)} ms ${random.pick(tails)} ${random.below(5000)}, `
    }
    return text.slice(0, length)
  }
}

/** Makes sure that a file of that many lines is in `folder` and returns its path. */
export function inputFile(folder: string, kind: LineKind, lines: number, time = firstTime): string {
  const path = join(folder, `${kind}-${lines}${time === firstTime ? '' : `-${time}`}.log`)
  if (existsSync(path) && statSync(path).size === lines * bytesOf[kind]) return path
  mkdirSync(folder, { recursive: true })
  const fd = openSync(`${path}.new`, 'w')
  const maker = new LineMaker(kind, time)
  let block = ''
  for (let line = 0; line < lines; line++) {
    block += `${maker.next()}\n`
    if (block.length < 2 ** 20 && line + 1 < lines) continue
    writeSync(fd, block)
    block = ''
  }
  closeSync(fd)
  renameSync(`${path}.new`, path)
  return path
}
