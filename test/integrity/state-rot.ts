import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dice } from './dice.ts'
import { Journal, linesOf, totalOf } from './journal.ts'
import { type Scenario, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'
import { ownMs } from './waits.ts'

interface Rot {
  readonly name: string
  readonly apply: (state: string, parts: { readonly old: string; readonly dice: Dice }) => void
}

/** Promised are three seconds; beside other tests everything takes longer. */
const mostSeconds = { quick: 30, short: 9, long: 3 }
const database = (state: string): string => join(state, 'state.db')
const rots: readonly Rot[] = [
  { name: 'garbage', apply: state => writeFileSync(database(state), 'not a database '.repeat(5000)) },
  { name: 'empty', apply: state => truncateSync(database(state), 0) },
  { name: 'half', apply: state => truncateSync(database(state), readFileSync(database(state)).length >> 1) },
  { name: 'a flipped bit', apply: (state, { dice }) => flip(database(state), dice) },
  { name: 'all zero', apply: state => writeFileSync(database(state), Buffer.alloc(65536)) },
  { name: 'an older copy', apply: (state, { old }) => cpSync(old, state, { recursive: true, force: true }) },
  { name: 'missing', apply: state => rmSync(database(state)) },
  { name: 'a directory', apply: state => replaceByDirectory(database(state)) },
  {
    name: 'garbage, and so its backup',
    apply: state => {
      for (const name of ['state.db', 'backup.db']) writeFileSync(join(state, name), 'rot')
    }
  },
  { name: 'all of it deleted', apply: state => rmSync(state, { recursive: true }) },
  { name: 'garbage in the log of changes', apply: state => writeFileSync(`${database(state)}-wal`, 'x'.repeat(50_000)) }
]

/** The state is lost or rotten between runs: it starts at once, and nothing is twice in the store. */
export const rottenState: Scenario = {
  id: 'T07',
  name: 'state lost or rotten',
  async run({ size, seed }) {
    const some = size === 'quick' ? rots.filter((_, index) => index % 6 === seed % 6) : rots
    const rounds = { quick: 1, short: 1, long: 20 }[size]
    const verdicts: Verdict[] = []
    for (let round = 0; round < rounds; round++) {
      for (const rot of some) verdicts.push(await survives(rot, { seed: seed + round, mostSeconds: mostSeconds[size] }))
    }
    return together(verdicts)
  }
}

function survives(rot: Rot, { seed, mostSeconds }: { seed: number; mostSeconds: number }): Promise<Verdict> {
  return Trial.run(seed, {}, async trial => {
    const { site, dice, broken } = trial
    const journals = ['a', 'b', 'c'].map(name => new Journal(site.logs, name))
    const old = join(site.folder, 'old')
    let written = 0
    for (let run = 0; run < 2; run++) {
      for (const journal of journals) journal.write(dice.between(100, 2000))
      written = totalOf(linesOf(journals))
      site.start()
      await trial.stored(written)
      await site.end(run === 0 ? 'SIGTERM' : dice.one(['SIGTERM', 'SIGKILL']))
      if (run === 0) cpSync(site.state, old, { recursive: true })
    }
    rot.apply(site.state, { old, dice })
    trial.faults++
    site.start()
    const seconds = (await ownMs(site.collector!.pid!, site.ready())) / 1000
    if (seconds > mostSeconds) broken.push(`it started after ${seconds.toFixed(1)} s`)
    for (const journal of journals) journal.write(dice.between(1, 500))
    const verdict = await trial.verdict({ journals: linesOf(journals) })
    const ledger = verdict.ledger === '' ? '' : `state ${rot.name}: ${verdict.ledger}`
    return { ...verdict, ledger, broken: broken.map(sentence => `state ${rot.name}: ${sentence}`) }
  })
}

function flip(path: string, dice: Dice): void {
  const bytes = readFileSync(path)
  const at = dice.between(100, bytes.length - 1)
  bytes[at]! ^= 1 << dice.between(0, 7)
  writeFileSync(path, bytes)
}

function replaceByDirectory(path: string): void {
  rmSync(path)
  mkdirSync(path)
}
