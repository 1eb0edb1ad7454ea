import { appendFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ContainerLog, rowsOf } from './container-records.ts'
import { delay } from './process.ts'
import { untilKnown } from './stored-files.ts'
import { type Scenario, Trial } from './trial.ts'
import { judgeMessages } from './verdict.ts'

const files = { quick: 4, short: 8, long: 16 }
const rounds = { quick: 20, short: 80, long: 3000 }
const kills = { quick: 1, short: 4, long: 200 }
const timeoutMs = 60_000
/** What is unfinished is given out once its file was rotated, and no time cuts it before. */
const input = `parser: raw, scan_interval: 100ms, partial_timeout: 60s, multiline: { continue: '^\\s', timeout: 60s }`

/** Docker and CRI: records in parts over rotation, streams between each other, lines that belong together over all of it, and kills.
 * What arrives is what a simple parser makes of the files. */
export const containerMatrix: Scenario = {
  id: 'T31',
  name: 'container records',
  run({ size, seed }) {
    const site = { type: 'containers', input, output: 'batch: { flush: 1ms }' } as const
    return Trial.run(seed, { site }, async trial => {
      const { site, dice } = trial
      const logs = Array.from({ length: files[size] }, (_, n) => new ContainerLog(`c${n}`, dice, n % 2 === 0))
      const wanted: string[] = []
      const end = (log: ContainerLog): void => {
        const path = join(site.logs, `${log.name}.log`)
        renameSync(path, `${path}.${trial.faults++}`)
        wanted.push(...rowsOf(log.text, timeoutMs))
        log.rotate()
      }
      // what is promised needs files to be known before they get another name
      const known = (): Promise<void> =>
        untilKnown(
          trial,
          logs.filter(({ text }) => text !== '').map(({ name }) => ({ path: join(site.logs, `${name}.log`) }))
        )
      site.start()
      await site.ready()
      const killEvery = Math.floor(rounds[size] / (kills[size] + 1))
      for (let round = 1; round <= rounds[size]; round++) {
        for (const log of logs) await write(trial, log)
        if (round % 10 === 0) {
          await known()
          end(dice.one(logs))
        }
        if (round % killEvery !== 0) continue
        await trial.kill(dice.between(0, 300))
        site.start()
      }
      await known()
      for (const log of logs) if (log.text !== '') end(log)
      await trial.stored(wanted.length)
      const verdict = await trial.verdict({ journals: {}, read: wanted.length })
      // Some rows look like others: blanks alone.
      return { ...verdict, ...judgeMessages(trial.store.store.documents(), wanted) }
    })
  }
}

/** Some lines, in two pieces. */
async function write({ site, dice }: Trial, log: ContainerLog): Promise<void> {
  let text = ''
  for (let lines = dice.between(1, 12); lines > 0; lines--) text += log.next()
  const bytes = Buffer.from(text)
  const cut = dice.between(0, bytes.length)
  const path = join(site.logs, `${log.name}.log`)
  appendFileSync(path, bytes.subarray(0, cut))
  if (dice.next() < 0.2) await delay(20)
  appendFileSync(path, bytes.subarray(cut))
}
