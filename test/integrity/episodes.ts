import { isDeepStrictEqual } from 'node:util'
import type { Posted } from '../fakes/alertmanager.ts'

/** An agent wrote no heartbeat between two moments, epoch ms. */
export interface Silence {
  readonly agent: string
  readonly from: number
  readonly to: number
  /** It was told to be silent until its alert was there; else the machine was busy, and an alert may or may not come. */
  readonly isMeant: boolean
}

export interface EpisodeTerms {
  /** As all alerts of an agent have to be labelled. */
  readonly labelsOf: (agent: string) => Readonly<Record<string, string>>
  /** An alert does not fire before a silence has lasted so long, ms. */
  readonly windowMs: number
  /** From the last heartbeat to the alert, and from the next one to its end, ms of time in which somebody was there to tell. */
  readonly withinMs: number
  /** How much of the time between two moments somebody was there, ms. */
  readonly upMs: (from: number, to: number) => number
}

/** From the first time that an Alertmanager was told that an alert fires, until it was told that it has ended. */
interface Episode {
  readonly startsAt: number
  readonly firedAt: number
  /** Infinity: it was told of no end. */
  resolvedAt: number
}

/** What is evaluated behind a heartbeat may not have it yet, ms. */
const tellMs = 1500

/** What an Alertmanager was told about agents: each silence has to be one alert, and nothing else. */
export interface EpisodeVerdict {
  /** A sentence each. */
  readonly faults: readonly string[]
  /** From the moment at which a silence had lasted for the window to its alert, ms in which somebody was there to tell, sorted. */
  readonly delays: readonly number[]
}

export function judgeEpisodes(
  posted: readonly Posted[],
  silences: readonly Silence[],
  terms: EpisodeTerms
): EpisodeVerdict {
  const byAgent = Map.groupBy(posted, ({ labels }) => labels['agent_id'] ?? '')
  const agents = new Set([...byAgent.keys(), ...silences.map(({ agent }) => agent)])
  const delays: number[] = []
  const faults = [...agents].flatMap(agent => {
    const told = byAgent.get(agent) ?? []
    const stranger = told.find(({ labels }) => !isDeepStrictEqual(labels, terms.labelsOf(agent)))
    const own = silences.filter(silence => silence.agent === agent)
    const wrong = judgeAgent(told, own, { terms, delays })
    if (stranger !== undefined) wrong.push(`it was told ${JSON.stringify(stranger.labels)}`)
    return wrong.map(fault => `agent ${agent}: ${fault}`)
  })
  return { faults, delays: delays.toSorted((a, b) => a - b) }
}

function judgeAgent(
  told: readonly Posted[],
  silences: readonly Silence[],
  { terms, delays }: { terms: EpisodeTerms; delays: number[] }
): string[] {
  const { episodes, faults } = episodesIn(told)
  for (const silence of silences) {
    const since = silence.from + terms.windowMs
    const index = episodes.findIndex(({ startsAt }) => startsAt >= since && startsAt <= silence.to + tellMs)
    const [own] = index < 0 ? [] : episodes.splice(index, 1)
    if (own !== undefined) faults.push(...judgeEpisode(own, silence, terms))
    else if (silence.isMeant) faults.push(`its silence of ${silence.to - silence.from} ms was not told`)
    if (own !== undefined && silence.isMeant) delays.push(terms.upMs(since, own.firedAt))
  }
  for (const { startsAt } of episodes) {
    const near = silences.filter(({ to }) => to <= startsAt).at(-1)
    faults.push(`it was not silent, but was said to be ${startsAt - (near?.to ?? 0)} ms after its last silence`)
  }
  return faults
}

function judgeEpisode({ firedAt, resolvedAt }: Episode, { from, to }: Silence, terms: EpisodeTerms): string[] {
  const faults: string[] = []
  const [toldMs, endedMs] = [terms.upMs(from, firedAt), terms.upMs(to, resolvedAt)]
  if (toldMs > terms.withinMs) faults.push(`its silence was told after ${toldMs} ms`)
  if (resolvedAt < to) faults.push(`the alert ended ${to - resolvedAt} ms before the silence`)
  if (endedMs > terms.withinMs) faults.push(`the alert ended ${endedMs} ms after the silence`)
  return faults
}

/** Ends are told again and again; so are alerts that fire, with the time at which they began. */
function episodesIn(told: readonly Posted[]): { episodes: Episode[]; faults: string[] } {
  const episodes: Episode[] = []
  const faults: string[] = []
  for (const { at, startsAt, endsAt } of told) {
    const last = episodes.at(-1)
    const isOpen = last !== undefined && last.resolvedAt === Infinity
    if (last !== undefined && isOpen && startsAt !== last.startsAt) {
      faults.push(`an alert that fires began ${startsAt - last.startsAt} ms later when it was told again`)
    }
    if (endsAt > at && !isOpen) episodes.push({ startsAt, firedAt: at, resolvedAt: Infinity })
    else if (endsAt <= at && isOpen) last.resolvedAt = at
    else if (endsAt <= at && last?.startsAt !== startsAt) faults.push('the end of an alert was told that nobody knew')
  }
  return { episodes, faults }
}
