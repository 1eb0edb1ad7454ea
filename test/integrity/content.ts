import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from './dice.ts'
import { messageOf } from './line.ts'
import { delay } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import { judgeMessages } from './verdict.ts'

const lines = { quick: 400, short: 6000, long: 60_000 }
const maxLineBytes = 64 * 1024

interface Line {
  readonly bytes: Buffer
  /** Its message in the store; undefined when there is none. */
  readonly message: string | undefined
  readonly isTruncated?: boolean
}

/** Long, empty and broken lines, CRLF, NUL and characters of all lengths, cut anywhere, with a kill in between. */
export const mixedContent: Scenario = {
  id: 'T28',
  name: 'content of all kinds',
  run({ size, seed }) {
    const input = `parser: { use: raw }, max_line_bytes: ${maxLineBytes}, partial_timeout: 60s`
    return Trial.run(seed, { site: { input } }, async trial => {
      const { site, dice, store, broken } = trial
      const content = Array.from({ length: lines[size] }, (_, seq) => lineOfKind(seq, dice))
      const expected = content.filter(({ message }) => message !== undefined)
      site.start()
      await write(Buffer.concat(content.map(({ bytes }) => bytes)), join(site.logs, 'mixed.log'), trial)
      await trial.stored(expected.length)
      const wanted = new Map(expected.map(({ message, isTruncated = false }) => [message, isTruncated]))
      for (const { source } of store.store.documents()) {
        const row = JSON.parse(source) as { message: string; 'log.flags'?: unknown }
        const isTruncated = wanted.get(row.message)
        const isFlagged = JSON.stringify(row['log.flags'] ?? '').includes('truncated')
        if (isTruncated !== undefined && isTruncated !== isFlagged)
          broken.push(`${row.message.slice(0, 30)}: wrong flag`)
      }
      const verdict = await trial.verdict({ journals: {}, read: expected.length, besides: 'too_large' })
      return { ...verdict, ...judgeMessages(trial.store.store.documents(), [...wanted.keys()] as string[]) }
    })
  }
}

/** In pieces of any size, so that lines, characters and line ends are cut; with kills between some of them. */
async function write(bytes: Buffer, path: string, trial: Trial): Promise<void> {
  const { dice, site } = trial
  const pieces = 200
  const killAt = new Set([dice.between(20, 100), dice.between(101, 190)])
  for (let piece = 0, at = 0; piece < pieces; piece++) {
    const end =
      piece === pieces - 1 ? bytes.length : Math.min(bytes.length, at + dice.between(1, (2 * bytes.length) / pieces))
    appendFileSync(path, bytes.subarray(at, end))
    at = end
    await delay(10)
    if (!killAt.has(piece)) continue
    await trial.kill(0)
    site.start()
  }
}

function lineOfKind(seq: number, dice: Dice): Line {
  const text = messageOf('mixed', seq)
  const long = (bytes: number): string =>
    messageOf('mixed', seq, 'größer und größer 値段 😀 '.repeat(Math.ceil(bytes / 30)))
  switch (dice.between(0, 9)) {
    case 0:
      return { bytes: Buffer.from('\n'), message: undefined }
    case 1:
      return { bytes: Buffer.from(`${text}\r\n`), message: text }
    case 2:
      return { bytes: Buffer.from(`${text} \r in the middle\n`), message: `${text} \r in the middle` }
    case 3:
      return { bytes: Buffer.from(`\0\0\0\0${text}\n`), message: text }
    case 4:
      return { bytes: Buffer.from(`${text}\0\0 and \u001b[31m red\n`), message: `${text}\0\0 and \u001b[31m red` }
    case 5:
      return withBrokenBytes(text)
    case 6:
      return dice.next() < 0.2 ? oneOf(long(40_000)) : oneOf(text)
    case 7:
      return dice.next() < 0.1 ? truncated(long(dice.between(70_000, 400_000))) : oneOf(text)
    default:
      return oneOf(text)
  }
}

const oneOf = (text: string): Line => ({ bytes: Buffer.from(`${text}\n`), message: text })

/** Half a character and a byte that never occurs in UTF-8: each is one U+FFFD, as everywhere on the web. */
function withBrokenBytes(text: string): Line {
  const bytes = Buffer.concat([Buffer.from(`${text} `), Buffer.from([0xe5, 0x80, 0x20, 0xff]), Buffer.from(' end')])
  return { bytes: Buffer.concat([bytes, Buffer.from('\n')]), message: new TextDecoder().decode(bytes) }
}

/** Cut to whole characters. */
function truncated(text: string): Line {
  const bytes = Buffer.from(text)
  let end = maxLineBytes
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return { bytes: Buffer.from(`${text}\n`), message: bytes.subarray(0, end).toString(), isTruncated: true }
}
