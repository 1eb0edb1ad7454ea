import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { ask } from './scraper.ts'
import { Stopwatch } from './stopwatch.ts'
import { untilSettled } from './stored-files.ts'
import { type Scenario, Trial } from './trial.ts'

const linesPerSecond = 200
const hostileLines = { quick: 8, short: 120, long: 5000 }
/** Patterns that take engines which go back from seconds to for ever, for one of the lines below. */
const patterns = ['^(a|aa)+[!?]{2}$', '(x+x+)+y', '(a*)*B!', '^(.*a){8}.*[!]$', '(?i)((é|E|a)+)+!$']
const parts = ['a', 'aa', 'xa', 'éa']

/** The same patterns as rules have them: in lines, of labels, and as what labels are taken from. */
function ruleFile(): string {
  const exprs = patterns.map((pattern, index) => {
    const filter = index % 2 === 0 ? '|~' : '| message=~'
    return `sum(count_over_time({file!=""} ${filter} "${pattern}" [1m])) > 1e9`
  })
  exprs.push('sum by (end) (count_over_time({file!=""} | regexp "(?P<end>((a+)+)+)$" [1m])) > 1e9')
  const rules = exprs.map((expr, index) => `      - { alert: Hostile${index}, expr: ${JSON.stringify(expr)} }\n`)
  const seen = `      - { record: hostile_rows, expr: 'sum(count_over_time({file=~".*hostile.log"} [1h]))' }\n`
  return `groups:\n  - name: hostile\n    interval: 1s\n    rules:\n${rules.join('')}${seen}`
}

/** Rules have seen so many of the hostile lines. */
async function seenBy({ site }: Trial): Promise<number> {
  const page = await ask(join(site.state, 'control.sock'), '/metrics').catch(() => '')
  return Number(/^hostile_rows (\d+)$/m.exec(page)?.[1] ?? 0)
}

/** Lines of a megabyte, and patterns that are slow on them: nobody waits for them. */
export const hostilePatterns: Scenario = {
  id: 'T49',
  name: 'hostile patterns',
  run({ size, seed }) {
    const query = `{file!=""} ${patterns.map(pattern => `!~ "${pattern}"`).join(' ')} | regexp "(?P<end>((a+)+)+)$" | end!="aa"`
    const sections = 'rules: { files: [rules.yaml] }\n'
    const site = { output: `if: '${query}'`, inputs: { hostile: 'parser: raw' }, glob: 'steady.log', sections }
    return Trial.run(seed, { site }, async trial => {
      const { broken, notes, dice } = trial
      writeFileSync(join(trial.site.folder, 'rules.yaml'), ruleFile())
      const journal = new Journal(trial.site.logs, 'steady')
      const hostile = join(trial.site.logs, 'hostile.log')
      const watch = new Stopwatch(journal, linesPerSecond, trial)
      trial.site.start()
      await trial.site.ready()
      watch.start()
      await delay(500)
      watch.take()
      for (let line = 0; line < hostileLines[size]; line++) {
        const part = dice.one(parts)
        appendFileSync(hostile, `${Buffer.alloc(1_000_000, part).toString()}!\n`)
        trial.faults++
        await delay(200)
      }
      watch.stop()
      await watch.arrived(60_000)
      const { p99, most } = watch.take()
      notes.push(`p99 of other lines: ${p99.toFixed(0)} ms, the longest ${most.toFixed(0)} ms`)
      // one second, and slack for a machine that does something else
      if (p99 > 3000) broken.push(`the p99 of other lines is ${p99.toFixed(0)} ms`)
      // The hostile lines arrive nowhere, but rules see them.
      await untilSettled(trial, [journal, { path: hostile }])
      let seen = 0
      for (let looks = 0; looks < 600 && seen !== hostileLines[size]; looks++, await delay(100))
        seen = await seenBy(trial)
      if (seen !== hostileLines[size]) broken.push(`rules have seen ${seen} of ${hostileLines[size]} hostile lines`)
      return trial.verdict({ journals: { steady: journal.seq }, read: journal.seq + hostileLines[size] })
    })
  }
}
