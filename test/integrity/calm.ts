import { type Crew, step, watched, withinMs } from './alerts.ts'
import { delay, until } from './process.ts'
import type { Scenario, Trial } from './trial.ts'

/** How long the output takes nothing. */
const outageMs = { quick: 6000, short: 20_000, long: 600_000 }
const beatMs = 1000
const windowMs = 10_000
/** Of the clocks of a hundred agents, one is an hour behind. */
const skews = Array.from({ length: 100 }, (_, index) => (index === 1 ? -3_600_000 : 0))

/** Of a hundred agents the clock of one is wrong, and one falls silent while the output is down, a collector is killed and the next one
 * catches up on an hour: that is told, and nothing else. */
export const oneOfAHundred: Scenario = {
  id: 'T59',
  name: 'one agent of a hundred, in an outage',
  async run({ size, seed }) {
    return watched(seed, { beatMs, skews, windowMs }, async (trial, crew) => {
      await begin(trial, crew)
      await until('the clock that is off is found', withinMs(crew), () => crew.told.isActive('AgentClockSkew', 'a1'))
      await outage(trial, crew, outageMs[size])
    })
  }
}

async function begin({ site }: Trial, { lives }: Crew): Promise<void> {
  site.start()
  await site.ready()
  lives.begin()
}

async function outage(trial: Trial, crew: Crew, ms: number): Promise<void> {
  const { store } = trial
  const { play, told, lives } = crew
  const isSilent = (): boolean => told.isActive('AgentSilent', 'a7')
  store.options = { ...store.options, requests: { '503': 1 } }
  await delay(ms / 3)
  await play.tell('silence a7')
  crew.overAt = performance.now()
  await step(crew, isSilent)
  await delay(ms / 3)
  await play.tell('catch-up a0 3600')
  await trial.kill(0)
  lives.end()
  await play.tell('catch-up a0 3600')
  await begin(trial, crew)
  await play.tell('resume a7')
  crew.overAt = performance.now()
  await step(crew, () => !isSilent())
  await delay(ms / 3)
  store.options = { ...store.options, requests: {} }
}
