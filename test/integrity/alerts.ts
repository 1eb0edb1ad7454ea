import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FakeAlertmanager } from '../fakes/alertmanager.ts'
import { judgeEpisodes, type Silence } from './episodes.ts'
import { totalOf } from './journal.ts'
import { Lives } from './lives.ts'
import { delay, type Play, type SiteOptions, until } from './process.ts'
import { type Scenario, Trial } from './trial.ts'
import type { Verdict } from './verdict.ts'

const kills = { quick: 3, short: 20, long: 200 }
/** Of so many kills, one is followed by an hour of lines, and the output takes nothing around it. */
const round = 20
/** Of so many lives one is as long as it takes to tell what is to be told: of shorter ones no alert can be expected on a busy machine. */
const longLife = 4
const beatMs = 200
const windowMs = 3000
const hour = 3_600_000
/** Of the clocks of agents. The first two are never silent; the others are by turns, two at a time. */
const skews = [0, hour, -hour, 0, hour, 0]
const turns = [
  ['a2', 'a3'],
  ['a4', 'a5']
] as const
const clock = (operation: string) =>
  `${operation}_over_time({service_name="mcp-agent"} | unwrap __clock_offset_ms__ [5s]) by (agent_id)`

/** Silence is no heartbeat in a window, ms. */
const agentRules = (windowMs: number): string => `groups:
  - name: agents
    interval: 500ms
    rules:
      - alert: AgentSilent
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [${windowMs / 1000}s])) == 0
        remember: 1h
        labels: { severity: critical }
      - alert: AgentErrorBurst
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent", level="error"} [3s])) > 10
      - alert: AgentClockSkew
        expr: ${clock('min')} > 60000 or ${clock('max')} < -60000 and ${clock('stddev')} < 10000
`
const labelsOf = (agent: string) => ({ agent_id: agent, alertname: 'AgentSilent', severity: 'critical' })

export interface Crew {
  readonly play: Play
  /** Of their clocks, ms. */
  readonly skews: readonly number[]
  /** Of their rules. */
  readonly windowMs: number
  readonly told: FakeAlertmanager
  readonly lives: Lives
  /** Alerts that have been told, or have ended. */
  steps: number
  /** When the last kill was over, monotonic ms. */
  overAt: number
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
    return watched(seed, { beatMs, skews, windowMs }, async (trial, crew) => {
      const killed = killAgainAndAgain(trial, crew, wanted).finally(() => (crew.overAt = performance.now()))
      await Promise.all([killed, ...turns.map(agents => fallSilent(trial, crew, agents))])
    })
  }
}

export interface Agents extends Pick<Crew, 'skews' | 'windowMs'> {
  /** Between two heartbeats. */
  readonly beatMs: number
}

/** A trial of agents and of rules that watch them; judges what was told of them. */
export async function watched(
  seed: number,
  { beatMs, skews, windowMs }: Agents,
  body: (trial: Trial, crew: Crew) => Promise<void>
): Promise<Verdict> {
  const sections = `process: [drop: { if: '{level="debug"}' }]\n`
  const output = 'max_in_flight_bytes: 256KiB, batch: { max_bytes: 64KiB }, retry: { min: 50ms, max: 500ms }'
  const rules = agentRules(windowMs)
  return withRules(seed, { rules, site: { sections, output } }, async (trial, told) => {
    const play = trial.site.play('agents-main.ts', [beatMs, ...skews])
    const crew = { play, skews, windowMs, told, lives: new Lives(), steps: 0, overAt: Infinity }
    await body(trial, crew)
    // whatever the last start got wrong shows within the window
    await delay(windowMs + 1000)
    return judged(trial, crew)
  })
}

/** A trial of a collector with a file of rules, and of whoever its alerts are told to. */
export async function withRules(
  seed: number,
  { rules, site }: { rules: string; site: SiteOptions },
  body: (trial: Trial, told: FakeAlertmanager) => Promise<Verdict>
): Promise<Verdict> {
  const told = await FakeAlertmanager.start()
  const { sections = '' } = site
  const own = `${sections}rules: { files: [rules.yaml], alertmanagers: ["${told.url}"] }\n`
  try {
    return await Trial.run(seed, { site: { ...site, sections: own } }, trial => {
      writeFileSync(join(trial.site.folder, 'rules.yaml'), rules)
      return body(trial, told)
    })
  } finally {
    await told.stop()
  }
}

async function killAgainAndAgain(trial: Trial, crew: Crew, wanted: number): Promise<void> {
  const { dice, site, store } = trial
  for (let kill = 0; kill < wanted; kill++) {
    const isOutage = kill % round === 1 || kill % round === 2
    store.options = { ...store.options, requests: isOutage ? { '503': 1 } : {} }
    site.start()
    await live(trial, crew, kill % longLife === 2)
    if (kill % round === 1) {
      await delay(windowMs)
      await crew.play.tell('catch-up a0 3600')
    }
    await delay(dice.next() < 0.2 ? dice.between(windowMs, 2 * windowMs) : dice.between(0, 300))
  }
  store.options = { ...store.options, requests: {} }
  site.start()
  await site.ready()
  crew.lives.begin()
}

/** Until it is killed. One in three dies while it starts. */
async function live(trial: Trial, crew: Crew, isLong: boolean): Promise<void> {
  const { dice, site } = trial
  if (!isLong && dice.next() < 0.33) return trial.kill(dice.between(0, 800))
  await site.ready()
  crew.lives.begin()
  const { steps } = crew
  if (isLong) await until('', withinMs(crew), () => crew.steps > steps).catch(() => undefined)
  await trial.kill(dice.between(100, 2000))
  crew.lives.end()
}

/** One of them at a time, until its alert is there and for a while longer. */
async function fallSilent({ dice }: Trial, crew: Crew, agents: readonly string[]): Promise<void> {
  const { play, told } = crew
  while (crew.overAt === Infinity) {
    const agent = dice.one(agents)
    const isActive = (): boolean => told.isActive('AgentSilent', agent)
    await delay(dice.between(0, 2000))
    await play.tell(`silence ${agent}`)
    await step(crew, isActive)
    await delay(dice.between(0, windowMs))
    await play.tell(`resume ${agent}`)
    await step(crew, () => !isActive())
  }
}

/** Promised are 10 s behind the window. */
export function withinMs({ windowMs }: Pick<Crew, 'windowMs'>): number {
  return 3 * (windowMs + 10_000)
}

/** Waits for an alert or its end; at the end no longer than it may take. */
export async function step(crew: Crew, isDone: () => boolean): Promise<void> {
  while (!isDone() && performance.now() - crew.overAt < withinMs(crew)) await delay(10)
  crew.steps++
}

/** Each silence has to be an alert, and each clock that is off. */
async function judged(trial: Trial, crew: Crew): Promise<Verdict> {
  const { play, skews, windowMs, told, lives } = crew
  // none of them says anything from here on
  const posted = [...told.posted]
  const { journals, beats, silences } = (await play.stop()) as Done
  const [ofClocks, others] = [true, false].map(isIt => {
    return posted.filter(({ labels }) => (labels['alertname'] === 'AgentClockSkew') === isIt)
  })
  const upMs = (from: number, to: number): number => lives.between(from, to)
  const { faults, delays } = judgeEpisodes(others!, silences, { labelsOf, windowMs, withinMs: withinMs(crew), upMs })
  trial.broken.push(...faults)
  const found = new Set(ofClocks!.map(({ labels }) => labels['agent_id'] ?? ''))
  const wrong = skews.flatMap((skew, index) => (skew === 0 ? [] : [`a${index}`]))
  if ([...found].toSorted().join() !== wrong.join())
    trial.broken.push(`clocks of ${[...found].join()} are said to be wrong, not of ${wrong.join()}`)
  const lines = totalOf(journals)
  const [median, slowest] = [delays[delays.length >> 1], delays.at(-1)].map(ms => `${((ms ?? 0) / 1000).toFixed(1)} s`)
  trial.notes.push(
    `${delays.length} silences were told ${median} behind the window while a collector ran, at most ${slowest}`
  )
  return trial.verdict({ journals, read: lines + beats })
}
