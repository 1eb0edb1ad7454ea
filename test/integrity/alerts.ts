import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FakeAlertmanager } from '../fakes/alertmanager.ts'
import { judgeEpisodes, type Silence } from './episodes.ts'
import { totalOf } from './journal.ts'
import { delay, type Play, until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

const kills = { quick: 3, short: 20, long: 200 }
/** Of so many kills, one is followed by an hour of lines, and the output takes nothing around it. */
const round = 20
const beatMs = 200
const windowMs = 3000
/** Promised are 10 s behind the window. */
const withinMs = 3 * (windowMs + 10_000)
const hour = 3_600_000
/** Of the clocks of agents. The first two are never silent; the others are by turns, two at a time. */
const skews = [0, hour, -hour, 0, hour, 0]
const turns = [
  ['a2', 'a3'],
  ['a4', 'a5']
] as const

const rules = `groups:
  - name: agents
    interval: 500ms
    rules:
      - alert: AgentSilent
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [${windowMs / 1000}s])) == 0
        remember: 1h
        labels: { severity: critical }
      - alert: AgentErrorBurst
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent", level="error"} [3s])) > 10
`
const labelsOf = (agent: string) => ({ agent_id: agent, alertname: 'AgentSilent', severity: 'critical' })

interface Crew {
  readonly play: Play
  readonly told: FakeAlertmanager
  isOver: boolean
}

/** What the agents say that they have done. */
interface Done {
  readonly journals: Readonly<Record<string, number>>
  readonly beats: number
  readonly silences: readonly Silence[]
}

/** Agents fall silent and come back while collectors are killed, the output takes nothing for a while, and an hour of lines is caught up
 * on: each silence is one alert, and nothing else is. */
export const alertsAcrossKills: Scenario = {
  id: 'T50',
  name: 'one alert for each silence, across kills',
  async run({ size, seed, kills: wanted = kills[size] }) {
    const told = await FakeAlertmanager.start()
    const sections = `process: [drop: { if: '{level="debug"}' }]
rules: { files: [rules.yaml], alertmanagers: ["${told.url}"] }
`
    const output = 'max_in_flight_bytes: 256KiB, batch: { max_bytes: 64KiB }, retry: { min: 50ms, max: 500ms }'
    try {
      return await Trial.run(seed, { site: { sections, output } }, async trial => {
        writeFileSync(join(trial.site.folder, 'rules.yaml'), rules)
        const play = trial.site.play('agents-main.ts', [beatMs, ...skews])
        const crew = { play, told, isOver: false }
        const killed = killAgainAndAgain(trial, crew, wanted).finally(() => (crew.isOver = true))
        await Promise.all([killed, ...turns.map(agents => fallSilent(trial, crew, agents))])
        // whatever the last start got wrong shows within the window
        await delay(windowMs + 1000)
        return judged(trial, crew)
      })
    } finally {
      await told.stop()
    }
  }
}

async function killAgainAndAgain(trial: Trial, { play }: Crew, wanted: number): Promise<void> {
  const { dice, site, store } = trial
  for (let kill = 0; kill < wanted; kill++) {
    const isOutage = kill % round === 1 || kill % round === 2
    store.options = { ...store.options, requests: isOutage ? { '503': 1 } : {} }
    site.start()
    // one in three dies while it starts
    const diesEarly = dice.next() < 0.33
    if (!diesEarly) await site.ready()
    await trial.kill(diesEarly ? dice.between(0, 800) : dice.between(100, 2000))
    if (kill % round === 1) {
      await delay(windowMs)
      await play.tell('catch-up a0 3600')
    }
    await delay(dice.next() < 0.2 ? dice.between(windowMs, 2 * windowMs) : dice.between(0, 300))
  }
  store.options = { ...store.options, requests: {} }
  site.start()
  await site.ready()
}

/** One of them at a time, until its alert is there and for a while longer. */
async function fallSilent({ dice }: Trial, crew: Crew, agents: readonly string[]): Promise<void> {
  const { play, told } = crew
  while (!crew.isOver) {
    const agent = dice.one(agents)
    await delay(dice.between(0, 2000))
    await play.tell(`silence ${agent}`)
    await until('', withinMs, () => told.isActive('agent_id', agent)).catch(() => undefined)
    await delay(dice.between(0, windowMs))
    await play.tell(`resume ${agent}`)
    await until('', withinMs, () => !told.isActive('agent_id', agent)).catch(() => undefined)
  }
}

async function judged(trial: Trial, { play, told }: Crew): Promise<Verdict> {
  // none of them says anything from here on
  const posted = [...told.posted]
  const { journals, beats, silences } = (await play.stop()) as Done
  const { faults, delays } = judgeEpisodes(posted, silences, { labelsOf, windowMs, withinMs })
  trial.broken.push(...faults)
  const lines = totalOf(journals)
  const [median, slowest] = [delays[delays.length >> 1], delays.at(-1)].map(ms => `${((ms ?? 0) / 1000).toFixed(1)} s`)
  trial.notes.push(`${delays.length} silences were told ${median} behind the window, at most ${slowest}`)
  return trial.verdict({ journals, read: lines + beats })
}
