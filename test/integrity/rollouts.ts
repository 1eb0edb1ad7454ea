import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { withRules } from './alerts.ts'
import { until } from './process.ts'
import type { Scenario } from './trial.ts'

/** Agents that leave. */
const rollouts = { quick: 12, short: 60, long: 1000 }
const agents = 20
const everyMs = 100
const deathEvery = 5
/** So many leave between two collectors, of which the first is killed. */
const round = 30
/** That one has left is noticed within a few seconds, on a busy machine too. */
const windowMs = 20_000
/** Promised are 10 s behind the window. */
const withinMs = windowMs + 30_000

const rules = `groups:
  - name: agents
    interval: 500ms
    rules:
      - alert: AgentSilent
        expr: sum by (agent_id) (count_over_time({service_name="mcp-agent"} |= "heartbeat" [${windowMs / 1000}s])) == 0
        remember: 1h
`

/** What the agents say that they have done. */
interface Done {
  readonly beats: number
  readonly left: number
  readonly dead: readonly string[]
}

/** Agents are rolled out again and again, and scaled down at last, while collectors are killed: nobody is missed but those who died. */
export const rollingRestarts: Scenario = {
  id: 'T58',
  name: 'no alert for agents that leave',
  async run({ size, seed, kills: wanted = rollouts[size] }) {
    const site = { type: 'containers', glob: '{pods/*/*/*,docker/*/*-json}.log' } as const
    return withRules(seed, { rules, site }, async (trial, told) => {
      const { site, notes, broken, store } = trial
      for (const name of ['pods', 'docker']) mkdirSync(join(site.logs, name))
      const play = site.play('rollouts-main.ts', [seed, agents, everyMs, deathEvery])
      for (let left = wanted; left > 0; left -= round) {
        site.start()
        await site.ready()
        await play.tell(`rollouts ${Math.min(round, left) >> 1}`)
        await trial.kill(0)
        await play.tell(`rollouts ${(Math.min(round, left) + 1) >> 1}`)
      }
      site.start()
      await site.ready()
      await play.tell('scale-down')
      const { beats, left, dead } = (await play.stop()) as Done
      const endedAt = performance.now()
      const isFound = (agent: string): boolean => told.isActive('AgentSilent', agent)
      await until('', withinMs, () => dead.every(isFound)).catch(() => undefined)
      // whoever else is missed is missed behind the window
      await until('', withinMs, () => performance.now() - endedAt > windowMs + 3000)
      const missed = new Set(told.posted.map(({ labels }) => labels['agent_id'] ?? ''))
      const unfound = dead.filter(agent => !missed.has(agent))
      const wrong = [...missed].filter(agent => !dead.includes(agent))
      if (unfound.length > 0) broken.push(`nobody was told that ${unfound.join()} died`)
      if (wrong.length > 0) broken.push(`${wrong.join()} left, and were missed`)
      notes.push(
        `${left - dead.length + agents} left, ${dead.length} died, of ${left + agents} that sent ${beats} heartbeats`
      )
      await site.end('SIGTERM')
      return trial.judged({ rows: store.store.count(), lost: 0, twice: 0, ghost: 0, corrupt: 0, ledger: '' })
    })
  }
}
