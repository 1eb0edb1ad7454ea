import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../fakes/encode.ts'
import { messageOf } from './line.ts'
import { delay } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import { judgeMessages } from './verdict.ts'

const lines = { quick: 2, short: 6, long: 60 }
const kinds = {
  utf8: ['utf-8', '', '値段 größe 😀'],
  utf8bom: ['utf-8', '\ufeff', '値段 größe 😀'],
  utf16le: ['utf-16le', '', '値段 größe 😀 \u0a0a\u0d0d'],
  utf16lebom: ['utf-16le', '\ufeff', '値段 größe 😀 \u0a0a\u0d0d'],
  utf16be: ['utf-16be', '', '値段 größe 😀 \u0a0a\u0d0d'],
  utf16bebom: ['utf-16be', '\ufeff', '値段 größe 😀 \u0a0a\u0d0d'],
  latin1: ['windows-1252', '', 'größe çà'],
  sjis: ['shift_jis', '', '値段 ソ能表'],
  gb18030: ['gb18030', '', '价格 中文']
} as const
const lineEnds = { lf: '\n', crlf: '\r\n', cr: '\r' }

/** A file in an encoding, with line ends of one kind. */
class Text {
  readonly name: string
  readonly encoding: string
  readonly end: string
  readonly options: string
  /** What its rows have to be: position and message. */
  readonly rows: { readonly at: number; readonly message: string }[] = []
  readonly #words: string
  #at = 0
  #mark: string

  constructor(kind: keyof typeof kinds, lineEnd: keyof typeof lineEnds) {
    const [encoding, mark, words] = kinds[kind]
    this.name = `${kind}-${lineEnd}`
    this.encoding = encoding
    this.end = lineEnds[lineEnd]
    this.#mark = mark
    this.#words = words
    // what says of itself which UTF it is needs no option
    const isPlain = encoding === 'utf-8' || mark !== ''
    const cr = lineEnd === 'cr' ? ', line_end: cr' : ''
    this.options = `parser: raw, scan_interval: 100ms${isPlain ? '' : `, encoding: ${encoding}`}${cr}`
  }

  /** The next line, as it stands in the file. */
  next(): Buffer {
    const message = messageOf(this.name, this.rows.length, this.#words)
    const bytes = encode(this.#mark + message + this.end, this.encoding)
    this.rows.push({ at: this.#at, message })
    this.#at += bytes.length
    this.#mark = ''
    return bytes
  }
}

/** Every encoding with every line end, and a restart at each line: texts and positions are those that were written. */
export const encodings: Scenario = {
  id: 'T27',
  name: 'encodings, restarted at each line',
  run({ size, seed }) {
    const texts = (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap(kind =>
      (Object.keys(lineEnds) as (keyof typeof lineEnds)[]).map(end => new Text(kind, end))
    )
    const inputs = Object.fromEntries(texts.map(({ name, options }) => [name, options]))
    const site = { inputs, glob: 'none', output: 'batch: { flush: 1ms }' }
    return Trial.run(seed, { site }, async trial => {
      for (let line = 0; line < lines[size]; line++) {
        for (const text of texts) await append(trial, text)
        trial.site.start()
        await trial.stored(texts.length * (line + 1))
        // with its cursors stored, or without
        await delay(trial.dice.one([0, 0, 1500]))
        await trial.site.end(trial.dice.one(['SIGKILL', 'SIGTERM']))
        trial.faults++
      }
      trial.site.start()
      await trial.site.ready()
      const wanted = texts.flatMap(({ rows }) => rows.map(({ message }) => message))
      const verdict = await trial.verdict({ journals: {}, read: wanted.length })
      checkPlaces(trial, texts)
      const { broken } = trial
      return { ...verdict, ...judgeMessages(trial.store.store.documents(), wanted), broken }
    })
  }
}

/** In two pieces, so that characters and line ends are cut. */
async function append({ site, dice }: Trial, text: Text): Promise<void> {
  const path = join(site.logs, `${text.name}.log`)
  const bytes = text.next()
  const cut = dice.between(1, bytes.length - 1)
  appendFileSync(path, bytes.subarray(0, cut))
  if (dice.next() < 0.02) await delay(1)
  appendFileSync(path, bytes.subarray(cut))
}

function checkPlaces({ store, broken }: Trial, texts: readonly Text[]): void {
  const places = new Map(texts.flatMap(({ rows }) => rows.map(({ at, message }) => [message, at])))
  for (const { source } of store.store.documents()) {
    const row = JSON.parse(source) as { message: string; 'log.offset': number; 'log.flags'?: unknown }
    const at = places.get(row.message)
    if (at !== row['log.offset']) broken.push(`"${row.message}" is at ${row['log.offset']} instead of ${at}`)
    if (JSON.stringify(row['log.flags'] ?? '').includes('invalid')) broken.push(`"${row.message}" is called invalid`)
  }
}
