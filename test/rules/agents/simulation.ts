import { Agent } from '../../../src/rules/agents/agent.ts'

const patience = { idleAfterMs: Infinity }

/** How an agent that is always there sends heartbeats. */
export interface Habit {
  readonly intervalMs: number
  /** Most that a heartbeat comes too early or too late, as a part of the interval. */
  readonly jitter?: number
  /** Each waits for the one before, so that it is late for good. */
  readonly drifts?: boolean
  /** How many of all heartbeats are lost. */
  readonly lost?: number
  /** How many of all are said twice, a moment later. */
  readonly doubled?: number
  /** How many of all are held up, with up to five behind them, and come together. */
  readonly held?: number
}

export interface Alarms {
  readonly beats: number
  /** How often the agent was taken for late, or offline, although it was there. */
  readonly late: number
  readonly offline: number
}

/** Lives through so many heartbeats, and counts how often the agent is missed. The first ten, when it is not known yet, do not count. */
export function missed(habit: Habit, beats: number, random: () => number): Alarms {
  const agent = new Agent('a', 0, 0)
  let late = 0
  let offline = 0
  let counted = 0
  for (const at of arrivals(habit, beats, random)) {
    const state = agent.state(patience, at)
    if (++counted > 10 && state === 'late') late++
    if (counted > 10 && state === 'offline') offline++
    const place = { knownBy: 'agent_id' as const, service: '', host: '', role: '', version: '', input: '', source: '' }
    agent.merge({ id: 'a', ...place, rows: 1, firstAt: at, lastAt: at, heartbeats: 1, beats: [at] }, at)
  }
  return { beats: counted, late, offline }
}

function arrivals(habit: Habit, beats: number, random: () => number): number[] {
  const { intervalMs, jitter = 0, drifts = false, lost = 0, doubled = 0, held = 0 } = habit
  const times: number[] = []
  let due = 0
  let heldTo = 0
  for (let beat = 0; beat < beats; beat++) {
    const at = due + intervalMs * (1 + jitter * (2 * random() - 1))
    due = drifts ? at : due + intervalMs
    if (random() < held) heldTo = Math.max(heldTo, at + Math.ceil(random() * 5) * intervalMs)
    if (random() < lost) continue
    const came = Math.max(at, heldTo)
    times.push(came)
    if (random() < doubled) times.push(came + 700)
  }
  return times.toSorted((a, b) => a - b)
}
