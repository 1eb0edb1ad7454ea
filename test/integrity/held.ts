import { readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Journal } from './journal.ts'
import { delay, until } from './process.ts'
import { atOnce, type Scenario, type Size, together, Trial } from './trial.ts'
import type { Gap, Verdict } from './verdict.ts'

const site = {
  input: 'scan_interval: 200ms',
  output: 'retry: { min: 100ms, max: 500ms }, max_in_flight_bytes: 1MiB, batch: { max_bytes: 256KiB }',
  drain: '2s'
}
/** The server is there, and takes nothing. */
const down = { requests: { '503': 1 } }
/** After so long the collector has seen a file, and the state knows its size. */
const seenMs = 1500
/** Deleted files are closed within this time; beside other tests everything takes longer. */
const closedMs = 10_000
const slack = 3

/** An output is down while files are written, rotated away and deleted: what they held is delivered, and their disk space is free. */
export const deletedButHeld: Scenario = {
  id: 'T26',
  name: 'deleted but held',
  async run({ size, seed }) {
    const kinds = size === 'quick' ? [kept] : [kept, evicted, killed]
    const verdicts = await atOnce(3, [...kinds.entries()], ([index, kind]) => kind(size, seed + index))
    return together(verdicts)
  }
}

/** Files that are deleted one after the other, lines in each. */
const generations: Record<Size, number> = { quick: 1, short: 3, long: 40 }
const lines: Record<Size, number> = { quick: 4000, short: 10_000, long: 60_000 }

async function writeAndDelete(trial: Trial, journals: readonly Journal[], many: number): Promise<void> {
  for (const journal of journals) journal.write(many)
  await delay(seenMs)
  for (const journal of journals) {
    unlinkSync(journal.path)
    journal.close()
    journal.reopen()
  }
  trial.faults++
}

/** Ends the collector once all is in the spool: where there is little time, it has to copy what is left when it stops. */
async function endSpooled(trial: Trial, size: Size): Promise<void> {
  if (size === 'quick') return void (await trial.site.end('SIGTERM'))
  await closed(trial, size)
  await trial.site.end(trial.dice.one(['SIGTERM', 'SIGKILL']))
}

/** Waits until no deleted file is open any more. */
async function closed({ site, broken }: Trial, size: Size): Promise<void> {
  const began = performance.now()
  await until('deleted files are closed', closedMs * slack, () => site.deletedOpen === 0)
  const seconds = (performance.now() - began) / 1000
  if (size !== 'quick' && seconds > closedMs / 1000)
    broken.push(`deleted files were closed after ${seconds.toFixed(1)} s`)
}

function journalsOf(trial: Trial): Journal[] {
  return ['a', 'b'].map(name => new Journal(trial.site.logs, name))
}

const counts = (journals: readonly Journal[]): Record<string, number> =>
  Object.fromEntries(journals.map(({ name, seq }) => [name, seq]))
const anywhere = (journals: readonly Journal[]): Gap[] =>
  journals.map(({ name, seq }) => ({ file: name, from: 0, to: seq }))

/** Under the limit nothing is lost, whatever ends the collector behind the copy. */
function kept(size: Size, seed: number): Promise<Verdict> {
  return Trial.run(seed, { site, fake: down }, async trial => {
    const { site, store, dice } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    for (let left = generations[size]; left > 0; left--) await writeAndDelete(trial, journals, lines[size])
    await endSpooled(trial, size)
    trial.notes.push(`the spool held ${(spoolBytes(site.state) / 2 ** 20).toFixed(1)} MiB`)
    for (let restart = size === 'quick' ? 1 : 0; restart < 2; restart++) {
      if (restart === 1) store.options = {}
      site.start()
      await site.ready()
      if (restart === 0) await site.end(dice.one(['SIGTERM', 'SIGKILL']))
    }
    // In the middle of sending, too.
    await trial.kill(dice.between(0, 1500))
    site.start()
    for (const journal of journals) journal.write(10)
    return trial.verdict({ journals: counts(journals) })
  })
}

/** What is beyond the limit is counted, to the byte; the spool is never larger. */
function evicted(size: Size, seed: number): Promise<Verdict> {
  const limit = { quick: 1, short: 4, long: 64 }[size] * 2 ** 20
  return Trial.run(seed, { site: { ...site, collector: `hold_deleted: ${limit}` }, fake: down }, async trial => {
    const { site, store, broken } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    for (let left = generations[size] * 2; left > 0; left--) {
      await writeAndDelete(trial, journals, lines[size])
      if (spoolBytes(site.state) > limit) broken.push(`the spool takes ${spoolBytes(site.state)} bytes`)
    }
    await closed(trial, size)
    await site.end('SIGTERM')
    store.options = {}
    site.start()
    await site.ready()
    await trial.quiet()
    const verdict = await trial.verdict({
      journals: counts(journals),
      gaps: anywhere(journals),
      reasons: ['queue_evicted']
    })
    if (verdict.rows === store.store.count()) broken.push('nothing was evicted')
    return verdict
  })
}

/** A kill while files are copied: what was copied is delivered, the rest counted to the byte. */
function killed(size: Size, seed: number): Promise<Verdict> {
  return Trial.run(seed, { site, fake: down }, async trial => {
    const { site, store, dice } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    for (let left = generations[size]; left > 0; left--) {
      const before = spoolBytes(site.state)
      await writeAndDelete(trial, journals, lines[size] * 3)
      await until('the copy begins', closedMs * slack, () => spoolBytes(site.state) > before)
      await trial.kill(dice.between(0, 250))
      site.start()
      await site.ready()
    }
    store.options = {}
    const gaps = anywhere(journals)
    for (const journal of journals) journal.write(10)
    await trial.quiet()
    return trial.verdict({ journals: counts(journals), gaps, reasons: ['deleted_unread'] })
  })
}

function spoolFiles(state: string): string[] {
  try {
    return readdirSync(join(state, 'spool')).map(name => join(state, 'spool', name))
  } catch {
    return []
  }
}

function spoolBytes(state: string): number {
  return spoolFiles(state).reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
}

type Damage = (segments: readonly string[], trial: Trial) => void

const damages: Readonly<Record<string, Damage>> = {
  'bytes of blocks': (segments, { dice }) => {
    for (const path of segments) {
      const bytes = readFileSync(path)
      for (let left = 3; left > 0; left--)
        bytes[dice.between(bytes.length >> 2, bytes.length - 1)]! ^= 1 << dice.between(0, 7)
      writeFileSync(path, bytes)
    }
  },
  'a page': (segments, { dice }) => {
    const path = dice.one(segments)
    const bytes = readFileSync(path)
    const page = dice.between(8, bytes.length / 4096 - 1)
    bytes.fill(0, page * 4096, (page + 1) * 4096)
    writeFileSync(path, bytes)
  },
  'a segment in the middle': segments => rmSync(segments[segments.length >> 1]!),
  'a huge length': segments => {
    const database = new DatabaseSync(segments[0]!)
    database.exec('UPDATE blocks SET length = 1 << 40 WHERE id = 2')
    database.close()
  }
}

/** What the spool holds is damaged: exactly that is lost, counted and named, and the rest is delivered. */
export const damagedSpool: Scenario = {
  id: 'T08',
  name: 'damaged spool',
  async run({ size, seed }) {
    const all = Object.entries(damages)
    const some = size === 'quick' ? [all[seed % all.length]!] : all
    const rounds = { quick: 1, short: 1, long: 20 }[size]
    const runs = Array.from({ length: rounds }, (_, round) => some.map(damage => ({ damage, round }))).flat()
    return together(await atOnce(4, runs, ({ damage, round }) => survives(damage, size, seed + round)))
  }
}

function survives([name, damage]: [string, Damage], size: Size, seed: number): Promise<Verdict> {
  const collector = 'hold_deleted: 4MiB'
  return Trial.run(seed, { site: { ...site, collector }, fake: down }, async trial => {
    const { site, store, broken } = trial
    const journals = journalsOf(trial)
    site.start()
    await site.ready()
    await writeAndDelete(trial, journals, 20_000)
    if (size !== 'quick') await closed(trial, size)
    // What a kill leaves in the log of changes is not in the segment yet.
    await site.end('SIGTERM')
    const segments = spoolFiles(site.state).filter(path => path.endsWith('.db'))
    if (segments.length < 2) broken.push(`${segments.length} segments are too few`)
    damage(segments, trial)
    trial.faults++
    store.options = {}
    site.start()
    await site.ready()
    await trial.quiet()
    const { messages } = site
    const verdict = await trial.verdict({
      journals: counts(journals),
      gaps: anywhere(journals),
      reasons: ['corrupt_frame', 'deleted_unread']
    })
    if (store.store.count() === verdict.rows) broken.push(`${name}: nothing was lost`)
    else if (!/"from":\d+.*Bytes are lost/.test(messages)) broken.push(`${name}: nothing was said`)
    return { ...verdict, notes: verdict.notes.map(note => `${name}: ${note}`), broken }
  })
}

const backlogMiB: Record<Size, number> = { quick: 10, short: 100, long: 5000 }

/** A large backlog in the spool: the next start sends at once, in order, and does not read it into memory. */
export const bigBacklog: Scenario = {
  id: 'T09',
  name: 'big backlog restart',
  run: ({ size, seed }) =>
    Trial.run(seed, { site: { ...site, collector: 'hold_deleted: 8GiB' }, fake: down }, async trial => {
      const { site, store, broken, notes } = trial
      const journals = journalsOf(trial)
      site.start()
      await site.ready()
      for (let written = 0; written < backlogMiB[size] * 2 ** 20; ) {
        for (const journal of journals) written += journal.write(5000)
      }
      await writeAndDelete(trial, journals, 1)
      if (size === 'long') await until('deleted files are closed', 600_000, () => site.deletedOpen === 0)
      await endSpooled(trial, size)
      store.options = {}
      const began = performance.now()
      const before = store.stats.bulkRows
      site.start()
      await until('the first row comes', 60_000, () => store.store.count() > 0 || store.stats.bulkRows > before)
      const seconds = (performance.now() - began) / 1000
      notes.push(`first rows after ${seconds.toFixed(1)} s`)
      if (size !== 'quick' && seconds > 3 * slack) broken.push(`the first rows came after ${seconds.toFixed(1)} s`)
      const peak = await peakWhile(site.collector!.pid!, () => trial.quiet(3000, 3_600_000))
      notes.push(`${backlogMiB[size]} MiB, at most ${peak.toFixed(0)} MiB of memory`)
      if (peak > 256) broken.push(`it took ${peak.toFixed(0)} MiB of memory`)
      return trial.verdict({ journals: counts(journals) })
    })
}

/** The most memory that a process takes meanwhile, MiB. */
async function peakWhile(pid: number, run: () => Promise<void>): Promise<number> {
  let peak = 0
  const look = (): void => {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    peak = Math.max(peak, Number(kib) / 1024)
  }
  const timer = setInterval(look, 200)
  try {
    await run()
  } finally {
    clearInterval(timer)
  }
  return peak
}
