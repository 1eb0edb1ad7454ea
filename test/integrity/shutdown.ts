import { Journal } from './journal.ts'
import { delay } from './process.ts'
import { atOnce, type Scenario, together, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

type Output = 'healthy' | 'slow' | 'hanging' | 'cut' | 'refused'

const outputs: readonly Output[] = ['healthy', 'slow', 'hanging', 'cut', 'refused']
const linesAfter = 200
const drainSeconds = 5

/** SIGTERM at any moment, whatever the output does, while the program next door says its last words. */
export const drainOnSigterm: Scenario = {
  id: 'T44',
  name: 'SIGTERM and last words',
  async run({ size, seed, kills = { quick: 2, short: 20, long: 1000 }[size] }) {
    const runs = Array.from({ length: kills }, (_, run) => ({
      seed: seed + run,
      output: outputs[run % outputs.length]!
    }))
    const verdicts = await atOnce(4, runs, one => stop(one, size === 'long' ? 1 : 3))
    const slowest = Math.max(...verdicts.map(verdict => Number(verdict.notes[0])))
    return { ...together(verdicts), notes: [`exit after at most ${slowest} ms`] }
  }
}

function stop({ seed, output }: { seed: number; output: Output }, slack: number): Promise<Verdict> {
  return Trial.run(seed, { site: { drain: `${drainSeconds}s` } }, async trial => {
    const { site, store, dice, broken } = trial
    const journal = new Journal(site.logs, 'words')
    if (output === 'refused') site.pointTo('http://127.0.0.1:9')
    site.start()
    await site.ready()
    for (const end = performance.now() + dice.between(0, 2000); performance.now() < end; await delay(20))
      journal.write(20)
    if (output === 'slow') store.options = { ...store.options, requests: { slow: 1 } }
    if (output === 'hanging') store.options = { ...store.options, requests: { hang: 1 } }
    if (output === 'cut') store.options = { ...store.options, requests: { 'cut-before': 1 } }
    const [ms, wereSteady] = await Promise.all([site.end('SIGTERM'), lastWords(journal)])
    trial.faults++
    if (ms > (drainSeconds + 0.5) * 1000 * slack) broken.push(`${output}: it ended after ${ms.toFixed(0)} ms`)
    const missing = journal.seq - store.store.count()
    if (output === 'healthy' && wereSteady && missing > 0)
      broken.push(`healthy: ${missing} lines were not delivered before the end`)
    store.options = { ...store.options, requests: {} }
    site.pointTo(store.url)
    site.start()
    const verdict = await trial.verdict({ journals: { words: journal.seq } })
    return { ...verdict, notes: [ms.toFixed(0)] }
  })
}

/** Lines over most of a second. Returns whether they came like that: who pauses for a second, or goes on for longer, is not waited for. */
async function lastWords(journal: Journal): Promise<boolean> {
  const began = performance.now()
  let longest = 0
  for (let left = linesAfter; left > 0; left -= 10) {
    const before = performance.now()
    journal.write(10)
    await delay(45)
    longest = Math.max(longest, performance.now() - before)
  }
  return longest < 600 && performance.now() - began < 1500
}
