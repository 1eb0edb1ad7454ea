import type { Dice } from './dice.ts'

const streams = ['stdout', 'stderr'] as const
type Stream = (typeof streams)[number]

/** A container log in the making: what a runtime writes of two streams of lines, some of which belong together. */
export class ContainerLog {
  readonly name: string
  /** All that this generation has. */
  text = ''
  readonly #dice: Dice
  readonly #isDocker: boolean
  #records = 0
  #seconds = 0
  /** What a stream has still to write of a record that goes out in parts. */
  readonly #rest: Record<Stream, string> = { stdout: '', stderr: '' }

  constructor(name: string, dice: Dice, isDocker: boolean) {
    this.name = name
    this.#dice = dice
    this.#isDocker = isDocker
  }

  /** A new file begins; what was begun goes on in it. */
  rotate(): void {
    this.text = ''
  }

  /** The next line, as the runtime writes it. */
  next(): string {
    const line = this.#line()
    this.text += line
    return line
  }

  #line(): string {
    const dice = this.#dice
    const roll = dice.next()
    // longer than the timeout of the groups, now and then
    this.#seconds += roll < 0.02 ? 100 : roll < 0.5 ? 1 : 0
    if (roll > 0.98) return `no runtime wrote record ${this.name} ${this.#records++}\n`
    const stream: Stream = dice.next() < 0.7 ? 'stdout' : 'stderr'
    if (this.#rest[stream] === '') this.#rest[stream] = this.#content()
    const isPartial = dice.next() < 0.3
    const cut = isPartial ? dice.between(1, this.#rest[stream].length) : this.#rest[stream].length
    const content = this.#rest[stream].slice(0, cut)
    // a part may be the last one of its record though nobody says so: the next record is joined to it
    this.#rest[stream] = isPartial && dice.next() < 0.9 ? this.#rest[stream].slice(cut) : ''
    return this.#wrap(stream, content, isPartial)
  }

  /** Every second or so begins a group, the others go on with one. */
  #content(): string {
    const dice = this.#dice
    const head = `record ${this.name} ${this.#records++}`
    if (dice.next() < 0.05) return '\t'
    return dice.next() < 0.5 ? `${head} größe "${dice.between(0, 99)}"` : `\tat ${head}`
  }

  #wrap(stream: Stream, content: string, isPartial: boolean): string {
    const isBad = this.#dice.next() < 0.05
    const time = isBad ? '2026-99-99T99:99:99.000000000Z' : new Date(1.7e12 + this.#seconds * 1000).toISOString()
    if (!this.#isDocker) return `${time} ${stream} ${isPartial ? 'P' : 'F'} ${content}\n`
    return `${JSON.stringify({ log: isPartial ? content : `${content}\n`, stream, time })}\n`
  }
}

interface ContainerRecord {
  readonly stream: Stream
  readonly text: string
  readonly time: number
}

/** What the rows of one file have to be: parts joined, then lines that begin with a blank joined to those before, a stream at a time. */
export function rowsOf(text: string, timeoutMs: number): string[] {
  const rows: string[] = []
  const partials: { [stream in Stream]?: ContainerRecord } = {}
  const groups: { [stream in Stream]?: { text: string; lastTime: number } } = {}
  const end = (stream: Stream): void => {
    if (groups[stream] !== undefined) rows.push(groups[stream].text)
    delete groups[stream]
  }
  const take = ({ stream, text, time }: ContainerRecord): void => {
    for (const one of streams) if (time > (groups[one]?.lastTime ?? NaN) + timeoutMs) end(one)
    const group = groups[stream]
    if (group !== undefined && /^\s/.test(text)) {
      groups[stream] = { text: `${group.text}\n${text}`, lastTime: time }
      return
    }
    end(stream)
    groups[stream] = { text, lastTime: time }
  }
  for (const line of text.split('\n').slice(0, -1)) {
    const part = partOf(line)
    if (part === undefined) {
      rows.push(line)
      continue
    }
    const begun = partials[part.stream]
    const record = begun === undefined ? part : { ...begun, text: begun.text + part.text }
    if (part.isPartial) partials[part.stream] = record
    else {
      delete partials[part.stream]
      take(record)
    }
  }
  // in the order of the streams, as nothing but the end tells them apart
  for (const stream of streams) if (partials[stream] !== undefined) take(partials[stream])
  for (const stream of streams) end(stream)
  return rows
}

function partOf(line: string): (ContainerRecord & { readonly isPartial: boolean }) | undefined {
  if (line.startsWith('{')) {
    const { log, stream, time } = JSON.parse(line) as { log: string; stream: Stream; time: string }
    return { stream, text: log.replace(/\n$/, ''), time: Date.parse(time), isPartial: !log.endsWith('\n') }
  }
  const match = /^(\d\S+) (stdout|stderr) ([PF]) (.*)$/s.exec(line)
  if (match === null) return undefined
  const [, time = '', stream, tag, text = ''] = match
  return { stream: stream as Stream, text, time: Date.parse(time), isPartial: tag === 'P' }
}
