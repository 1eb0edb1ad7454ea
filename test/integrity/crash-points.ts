import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { atOnce, type Scenario, together, Trial } from './trial.ts'
import { readMessage } from './line.ts'
import { messageIn, type Verdict } from './verdict.ts'

const src = resolve(import.meta.dirname, '../../src')
/** Only reached after ten minutes; test/state ends the process there. */
const late = new Set(['state.backup.verify.before'])
/** The collector comes there when it has to set a bad file aside. */
const whenRotten = new Set(['state.set-aside.after'])
/** Only where outputs share a file: `fan-out.ts` ends the process there. */
const lanePoints = /^pipeline\.(?:part|meet)\./
/** Only where rows go to a file: `output-files.ts`. */
const filePoints = /^outputs\./
/** The collector comes there when it starts or stops, once in a run. */
const onceARun = /^state\.(?:backup|create|migrate|set-aside)\./

/** What the quick form has time for. */
const quickly = /^(?:(?:inputs|pipeline)\..+\.after|delivery\.settle\..+)$/

/** All names that the sources give to `crashPoint` and `crashPointHandedOver`. */
function crashPointNames(): string[] {
  const names = new Set<string>()
  for (const file of globSync('**/*.ts', { cwd: src })) {
    const text = readFileSync(join(src, file), 'utf8')
    for (const [, name] of text.matchAll(/crashPoint(?:HandedOver)?\('([^']+)'\)/g)) names.add(name!)
  }
  return [...names].filter(name => !late.has(name) && !lanePoints.test(name) && !filePoints.test(name)).toSorted()
}

/** The process ends at each place where something becomes durable, three times in a row: the n-th time it comes there. */
export const namedCrashPoints: Scenario = {
  id: 'T02',
  name: 'named crash points',
  async run({ size, seed, kills }) {
    const names = crashPointNames()
    const some = size === 'quick' ? names.filter(name => quickly.test(name)) : names
    const crashes = size === 'quick' ? 1 : 3
    const rounds =
      kills === undefined ? { quick: 1, short: 1, long: 10 }[size] : Math.ceil(kills / some.length / crashes)
    const runs = Array.from({ length: rounds }, (_, round) => some.map(name => ({ name, round }))).flat()
    const verdicts = await atOnce(3, runs, ({ name, round }) => crashAt(name, seed + round, crashes))
    const verdict = together(verdicts)
    return { ...verdict, notes: [`${some.length} points`, ...verdict.notes] }
  }
}

/** Runs into the place once more each time, with new lines, then goes on without it. */
function crashAt(point: string, seed: number, crashes: number): Promise<Verdict> {
  const site = { input: 'partial_timeout: 100ms, scan_interval: 100ms', output: 'batch: { flush: 1ms }' }
  return Trial.run(seed, { site }, async trial => {
    const { logs, state } = trial.site
    const [a, b, c] = ['a', 'b', 'c'].map(name => new Journal(logs, name)) as [Journal, Journal, Journal]
    if (point.includes('letters')) trial.store.store.judge = refusal
    for (let count = 1; count <= crashes; count++) {
      // The first time nothing is there to rot.
      if (whenRotten.has(point) && count > 1) writeFileSync(join(state, 'state.db'), 'not a database')
      await crash(trial, [a, b, c], { point, count: onceARun.test(point) ? 1 : count })
    }
    if (trial.faults === 0) trial.broken.push('was never reached')
    trial.site.start()
    // Refused rows are decided on once 500 more have been judged.
    b.write(600)
    const letters = point.includes('letters') ? Math.ceil(a.seq / poisonEvery) : 0
    const journals = { a: a.seq, b: b.seq, c: c.seq }
    const verdict = await trial.verdict({ journals, letters })
    return { ...verdict, broken: trial.broken.map(sentence => `${point}: ${sentence}`) }
  })
}

async function crash(
  trial: Trial,
  journals: [Journal, Journal, Journal],
  at: { point: string; count: number }
): Promise<void> {
  const { site, dice } = trial
  const [a, b, c] = journals
  site.start({ MCP_COLLECTOR_CRASH_AT: `${at.point}:${at.count}` })
  // Else a slow start could miss the first name of a file that is rotated.
  await site.ready().catch(() => undefined)
  for (let block = 0; block < 40 && site.isRunning; block++) {
    a.write(dice.between(1, 20))
    b.write(dice.between(1, 20))
    // with more time before its end than a line without one gets, or with less
    if (block % 8 === 0) c.writeOpen()
    if (block === 20) b.rotate()
    await delay(100)
  }
  await site.end('SIGTERM')
  if (site.collector!.signalCode === 'SIGKILL') trial.faults++
}

/** One line in so many of journal `a` is refused. */
const poisonEvery = 50

function refusal(source: string): { status: number; type: string; reason: string } | undefined {
  const line = readMessage(messageIn(source))
  if (line?.file !== 'a' || line.seq % poisonEvery !== 0) return undefined
  return { status: 400, type: 'document_parsing_exception', reason: 'refused by the test' }
}
