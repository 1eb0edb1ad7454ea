import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { faults } from './disk-faults.ts'
import { Journal, linesOf, totalOf } from './journal.ts'
import { delay, until } from './process.ts'
import { type Scenario, type Size, Trial } from './trial.ts'
import { judge, judgeLedger, sumOf, type Verdict } from './verdict.ts'

/** Where the process ends: before, in and behind an append, a rotation, and the compression of what was rotated. */
const points = [
  'outputs.append.before',
  'outputs.append.after',
  'outputs.flush.after',
  'outputs.rotate.before',
  'outputs.rotate.after',
  'outputs.compress.before',
  'outputs.compress.after'
]
const kills: Record<Size, number> = { quick: 0, short: 8, long: 100 }
const rounds: Record<Size, number> = { quick: 1, short: 2, long: 20 }
/** On a busy machine all of it happens within this time. */
const patienceMs = 180_000
const fullMs: Record<Size, number> = { quick: 1000, short: 5000, long: 30_000 }
/** Rotated several times a second. */
const often = 'rotate: { max_bytes: 64KiB }, batch: { flush: 20ms }'
const outputs = ['rows', 'lines'] as const

interface Place {
  readonly trial: Trial
  readonly journal: Journal
  readonly out: string
}

/** Rows go to two files that are rotated and compressed, and to a server, while the process is killed and the disk of the files fails. */
export const outputFiles: Scenario = {
  id: 'T60',
  name: 'rows in files, over kills and a failing disk',
  run: ({ size, seed, kills: wanted = kills[size] }) =>
    Trial.run(seed, {}, async trial => {
      const { site, store, dice } = trial
      const out = join(site.folder, 'out')
      site.configure(`version: 1
inputs: { journal: { type: file, paths: ["${site.logs}/*.log"] } }
outputs:
  es: { type: elasticsearch, endpoints: ["${store.url}"] }
  rows: { type: file, path: "${out}/rows.ndjson", ${often} }
  lines: { type: file, path: "${out}/lines.log", format: raw, ${often} }
server: { listen: "127.0.0.1:0" }
`)
      const place = { trial, journal: new Journal(site.logs, 'a'), out }
      for (let kill = 0; kill < wanted; kill++) await killAnywhere(place)
      const some = size === 'quick' ? [dice.one(points)] : points
      for (let round = 1; round <= rounds[size]; round++) for (const point of some) await killAt(place, point, round)
      await diskFails(place, fullMs[size])
      return await verdictOf(place)
    })
}

async function killAnywhere({ trial, journal }: Place): Promise<void> {
  const { site, dice } = trial
  site.start()
  await site.ready()
  const end = performance.now() + dice.between(0, 2000)
  while (performance.now() < end) await writeSome(journal)
  await trial.kill(0)
}

async function killAt({ trial, journal }: Place, point: string, count: number): Promise<void> {
  const { site, broken } = trial
  site.start({ MCP_COLLECTOR_CRASH_AT: `${point}:${count}` })
  await site.ready().catch(() => undefined)
  for (const end = performance.now() + patienceMs; site.isRunning && performance.now() < end; ) await writeSome(journal)
  if (site.isRunning) broken.push(`"${point}" was not reached`)
  await site.end('SIGKILL')
  trial.faults++
}

/** One flush fails and what it was to keep is gone, then the disk is full for a while: the server gets its rows all the same. */
async function diskFails({ trial, journal, out }: Place, ms: number): Promise<void> {
  const { site, store, dice, broken } = trial
  const env = faults(trial, out)
  const full = join(site.folder, 'full')
  site.start({ ...env, FAULTY_FULL: full, FAULTY_FILES: '/out/', FAULTY_FLUSH: String(dice.between(1, 20)) })
  await site.ready()
  for (let block = 0; block < 20; block++) await writeSome(journal)
  if (env !== undefined) {
    await until('a flush has failed', patienceMs, () => /^flush \d+ of ".*" failed$/m.test(site.messages))
    writeFileSync(full, '/out/')
    await writeSome(journal)
    const isSaid = (): boolean => /Cannot write to .*: the disk is full/.test(site.messages)
    await until('it says that the disk is full', patienceMs, isSaid)
    for (const end = performance.now() + ms; performance.now() < end; ) await writeSome(journal)
    await trial.stored(journal.seq, { store })
    if (rowsOf(out, 'rows').length >= journal.seq) broken.push('the disk was not full')
    rmSync(full)
    trial.faults += 2
  }
  const end = performance.now() + patienceMs
  while (!outputs.every(name => hasAll(out, name, journal.seq)) && performance.now() < end) await delay(200)
}

async function verdictOf({ trial, journal, out }: Place): Promise<Verdict> {
  const { site, store, broken, notes } = trial
  const journals = linesOf([journal])
  await trial.stored(totalOf(journals))
  await site.end('SIGTERM')
  for (const name of readdirSync(out)) if (name.endsWith('.tmp')) broken.push(`"${name}" stays`)
  const files = readdirSync(out).length
  const counts = outputs.map(name => judge(rowsOf(out, name), { journals }))
  const ledger = judgeLedger(await site.verb('ledger', '--json'), 3 * journal.seq)
  notes.push(`${files} files`)
  return trial.judged({ ...sumOf([...counts, judge(store.store.documents(), { journals })]), ledger })
}

function hasAll(out: string, name: string, lines: number): boolean {
  try {
    return rowsOf(out, name).length >= lines
  } catch {
    // one was compressed meanwhile
    return false
  }
}

/** All rows of an output's files. A file that is compressed is both for a moment. */
function rowsOf(out: string, name: string): { source: string }[] {
  return readdirSync(out)
    .filter(file => file.startsWith(name) && !file.endsWith('.tmp') && !existsSync(join(out, `${file}.gz`)))
    .flatMap(file => {
      const bytes = readFileSync(join(out, file))
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
      return text === '' ? [] : text.replace(/\n$/, '').split('\n')
    })
    .map(source => ({ source }))
}

async function writeSome(journal: Journal): Promise<void> {
  journal.write(60)
  await delay(40)
}
