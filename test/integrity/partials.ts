import { appendFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from './dice.ts'
import { messageOf } from './line.ts'
import { delay, until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import { type Count, judgeLedger, type Verdict } from './verdict.ts'

/** A line waits so long for its end. */
const partialMs = 300
const files = { quick: 6, short: 24, long: 60 }
const rounds = { quick: 6, short: 24, long: 200 }

/** A file whose lines come in fragments. */
class Fragments {
  readonly path: string
  /** All that was written. */
  text = ''
  #at: string
  #seq = 0
  #rest = ''

  constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.log`)
    this.#at = this.path
  }

  /** Appends up to so many characters of the line at hand; its end comes with the last of them. */
  write(most: number): void {
    if (this.#rest === '') this.#rest = `${messageOf(this.path, this.#seq++)}\n`
    // A character outside of the first plane is two units of the string: it is not cut in half.
    const cut = (this.#rest.codePointAt(most - 1) ?? 0) > 0xffff ? most + 1 : most
    this.#append(this.#rest.slice(0, cut))
  }

  finish(): void {
    this.#append(this.#rest)
  }

  rotate(): void {
    this.#at = `${this.path}.1`
    renameSync(this.path, this.#at)
  }

  #append(text: string): void {
    appendFileSync(this.#at, text)
    this.text += text
    this.#rest = this.#rest.slice(text.length)
  }
}

/** Lines in fragments, with gaps around the timeout between them, across rotation, SIGKILL and SIGTERM. */
export const partialLines: Scenario = {
  id: 'T30',
  name: 'partial lines',
  run({ size, seed }) {
    const input = `parser: { use: raw }, partial_timeout: ${partialMs}ms, scan_interval: 100ms`
    return Trial.run(seed, { site: { input, output: 'batch: { flush: 1ms }' } }, async trial => {
      const { site, dice } = trial
      const fragments = Array.from({ length: files[size] }, (_, index) => new Fragments(site.logs, `p${index}`))
      site.start()
      await site.ready()
      for (let round = 0; round < rounds[size]; round++) {
        for (const file of fragments) writeSome(file, dice)
        if (round === rounds[size] >> 1) await rotate(trial, fragments.slice(0, files[size] >> 1))
        await pauseOrRestart(trial, fragments)
      }
      for (const file of fragments) file.finish()
      return judgeFragments(trial, fragments)
    })
  }
}

/** Renames files to where no input looks. What is promised needs them to be known by then: readable under their name for a scan
 * interval, with a first row. */
async function rotate(trial: Trial, fragments: readonly Fragments[]): Promise<void> {
  for (const file of fragments) if (file.text === '') file.write(7)
  await trial.site.ready()
  await until('each file has a row', 30_000, () => {
    const known = rowsByFile(trial)
    return fragments.every(({ path }) => known.has(path))
  })
  for (const file of fragments) file.rotate()
}

function writeSome(file: Fragments, dice: Dice): void {
  for (let left = dice.between(0, 3); left > 0; left--) file.write(dice.one([1, 7, 40, 100, 400]))
}

/** Waits less or more than the timeout, or ends the collector: at any time, or in the moment in which a fragment is sent. */
async function pauseOrRestart(trial: Trial, fragments: readonly Fragments[]): Promise<void> {
  const { site, dice, store } = trial
  const roll = dice.next()
  if (roll < 0.5) return delay(dice.between(0, partialMs * 2))
  trial.faults++
  if (roll < 0.6) {
    await delay(dice.between(0, partialMs * 2))
    await site.end('SIGTERM')
  } else if (roll < 0.75) await trial.kill(dice.between(0, partialMs * 2))
  else {
    for (const file of fragments) file.write(5)
    // the first fragment has come, its answer has not been sent
    const { promise, resolve } = Promise.withResolvers<void>()
    store.store.judge = () => {
      resolve()
      return undefined
    }
    await Promise.race([promise, delay(partialMs * 3)])
    store.store.judge = () => undefined
    await site.end('SIGKILL')
  }
  for (const file of fragments) writeSome(file, dice)
  site.start()
  if (dice.next() < 0.7) await site.ready()
}

interface Row {
  readonly at: number
  readonly end: number
  readonly text: Buffer
  readonly isFlagged: boolean
}

/** Every byte of every line must stand in exactly one row; rows that end without a line end must say so. */
async function judgeFragments(trial: Trial, fragments: readonly Fragments[]): Promise<Verdict> {
  const { store, site, broken } = trial
  const written = fragments.reduce((sum, { text }) => sum + Buffer.byteLength(text.replaceAll('\n', '')), 0)
  await settle(trial, written)
  await site.ready()
  await site.end('SIGTERM')
  const count = { rows: 0, lost: 0, twice: 0, ghost: 0, corrupt: 0 }
  const rows = rowsByFile(trial)
  for (const { path, text } of fragments) judgeFile(Buffer.from(text), rows.get(path) ?? [], { count, broken })
  const ledger = judgeLedger(await site.verb('ledger', '--json'), store.store.count())
  return trial.judged({ ...count, ledger })
}

/** Waits until as many bytes are stored as were written, or more. */
async function settle(trial: Trial, written: number): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await delay(100)) {
    let stored = 0
    for (const rows of rowsByFile(trial).values()) for (const { at, end } of rows) stored += end - at
    if (stored >= written) return
  }
}

function rowsByFile({ store }: Trial): Map<string, Row[]> {
  const files = new Map<string, Row[]>()
  for (const { source } of store.store.documents()) {
    const row = JSON.parse(source) as Record<string, unknown>
    const text = Buffer.from(String(row['message']))
    const at = Number(row['log.offset'])
    const isFlagged = JSON.stringify(row['log.flags'] ?? '').includes('unterminated')
    const path = String(row['log.file.path'])
    const rows = files.get(path)
    const one = { at, end: at + text.length, isFlagged, text }
    if (rows === undefined) files.set(path, [one])
    else rows.push(one)
  }
  return files
}

type Result = { readonly count: { -readonly [K in keyof Count]: number }; readonly broken: string[] }

function judgeFile(bytes: Buffer, rows: readonly Row[], result: Result): void {
  const { count, broken } = result
  const seen = new Uint8Array(bytes.length)
  for (const { at, end, isFlagged, text } of rows) {
    count.rows++
    if (end > bytes.length) count.ghost++
    else if (bytes.compare(text, 0, text.length, at, end) !== 0) count.corrupt++
    if (seen.subarray(at, end).includes(1)) count.twice++
    seen.fill(1, at, Math.min(end, bytes.length))
    if (!isFlagged && bytes[end] !== 10) broken.push(`the row ${at}-${end} has no end, and no flag`)
  }
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 10 && seen[at] === 0) count.lost++
}
