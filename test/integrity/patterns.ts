import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { Stopwatch } from './stopwatch.ts'
import { type Scenario, Trial } from './trial.ts'

const linesPerSecond = 200
const hostileLines = { quick: 8, short: 120, long: 5000 }
/** Patterns that take engines which go back from seconds to for ever, for one of the lines below. */
const patterns = ['^(a|aa)+[!?]{2}$', '(x+x+)+y', '(a*)*B!', '^(.*a){8}.*[!]$', '(?i)((é|E|a)+)+!$']
const parts = ['a', 'aa', 'xa', 'éa']

/** Lines of a megabyte, and patterns that are slow on them: nobody waits for them. */
export const hostilePatterns: Scenario = {
  id: 'T49',
  name: 'hostile patterns',
  run({ size, seed }) {
    const query = `{file!=""} ${patterns.map(pattern => `!~ "${pattern}"`).join(' ')} | regexp "(?P<end>((a+)+)+)$" | end!="aa"`
    const site = { output: `if: '${query}'`, inputs: { hostile: 'parser: raw' }, glob: 'steady.log' }
    return Trial.run(seed, { site }, async trial => {
      const { broken, notes, store, dice } = trial
      const journal = new Journal(trial.site.logs, 'steady')
      const watch = new Stopwatch(journal, linesPerSecond, store)
      trial.site.start()
      await trial.site.ready()
      watch.start()
      await delay(500)
      watch.take()
      for (let line = 0; line < hostileLines[size]; line++) {
        const part = dice.one(parts)
        appendFileSync(join(trial.site.logs, 'hostile.log'), `${Buffer.alloc(1_000_000, part).toString()}!\n`)
        trial.faults++
        await delay(100)
      }
      await delay(500)
      watch.stop()
      const { lines, p99, most } = watch.take()
      notes.push(`p99 of other lines: ${p99.toFixed(0)} ms, the longest ${most.toFixed(0)} ms`)
      if (lines === 0) broken.push('nothing arrived beside the hostile lines')
      // one second, and slack for a machine that does something else
      if (p99 > 3000) broken.push(`the p99 of other lines is ${p99.toFixed(0)} ms`)
      return trial.verdict({ journals: { steady: journal.seq }, read: journal.seq + hostileLines[size] })
    })
  }
}
