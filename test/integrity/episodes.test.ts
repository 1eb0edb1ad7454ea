import { describe, expect, test } from 'vitest'
import type { Posted } from '../fakes/alertmanager.ts'
import { judgeEpisodes, type Silence } from './episodes.ts'

const second = 1000
const labelsOf = (agent: string) => ({ agent_id: agent, alertname: 'Silent' })
const upMs = (from: number, to: number): number => to - from
const terms = { labelsOf, windowMs: 3 * second, withinMs: 30 * second, upMs }
/** Its alert fires from second 14 to 20. */
const silence: Silence = { agent: 'a', from: 10 * second, to: 20 * second, isMeant: true }

function firing(at: number, startsAt = 14, labels = labelsOf('a')): Posted {
  return { at: at * second, labels, startsAt: startsAt * second, endsAt: (at + 240) * second }
}

function ended(at: number, endsAt = at, startsAt = 14): Posted {
  return { at: at * second, labels: labelsOf('a'), startsAt: startsAt * second, endsAt: endsAt * second }
}

function faults(posted: readonly Posted[], silences: readonly Silence[] = [silence]): readonly string[] {
  return judgeEpisodes(posted, silences, terms).faults
}

describe('alerts of silent agents', () => {
  test('are well where each silence is one, told as often as it takes', () => {
    const told = [firing(14), firing(16), ended(21), ended(25, 21)]
    expect(judgeEpisodes(told, [silence], terms)).toEqual({ faults: [], delays: [second] })
    expect(faults([], [])).toEqual([])
  })

  test('may be there where a busy machine kept an agent from writing', () => {
    const busy = { ...silence, isMeant: false }
    expect(faults([firing(14), ended(21)], [busy])).toEqual([])
    expect(faults([], [busy])).toEqual([])
  })

  test.each([
    ['none', [], 'its silence of 10000 ms was not told'],
    ['before the window is over', [firing(12, 12), ended(21, 21, 12)], 'it was not silent'],
    ['of an agent that is well', [firing(14), ended(21), firing(60, 60)], 'it was not silent'],
    ['twice', [firing(14), ended(15), firing(16, 16), ended(21, 21, 16)], 'the alert ended 5000 ms before the silence'],
    ['told anew', [firing(14), firing(16, 16), ended(21, 21, 16)], 'began 2000 ms later'],
    ['without an end', [firing(14)], 'the alert ended Infinity ms after the silence'],
    ['too late ended', [firing(14), ended(60)], 'the alert ended 40000 ms after the silence'],
    ['with nothing but an end', [ended(21)], 'the end of an alert was told that nobody knew'],
    ['of another rule', [firing(14, 14, { agent_id: 'a', alertname: 'Errors' }), ended(21)], 'it was told {']
  ] as const)('%s: a fault', (_, posted, fault) => {
    expect(faults(posted).join()).toContain(fault)
  })

  test('may be told late where nobody was there to tell, or what had begun before a heartbeat', () => {
    const away = { ...terms, upMs: () => second }
    expect(judgeEpisodes([firing(44), ended(171)], [silence], away)).toEqual({ faults: [], delays: [second] })
  })

  test('told too late are a fault', () => {
    expect(faults([firing(44), ended(71)], [{ ...silence, to: 70 * second }])).toEqual([
      'agent a: its silence was told after 34000 ms'
    ])
  })
})
