import { expect, test } from 'vitest'
import { Pulse } from '../../src/pipeline/pulse.ts'

function stage() {
  const at = { signs: 0, idleMs: 0, cpu: 0, asked: 0, hasBegun: true }
  const cpuMs = (): number | undefined => {
    at.asked++
    return at.hasBegun ? at.cpu : undefined
  }
  const pulse = new Pulse({ signs: () => at.signs, idleMs: () => at.idleMs, cpuMs })
  return { at, pulse, looks: (many: number) => Array.from({ length: many }, () => pulse.look(1000)).at(-1) }
}

test('a thread hangs that for five seconds neither comes further nor waits for something to do, nor uses the CPU', () => {
  const { at, pulse, looks } = stage()
  expect(looks(4)).toBe(false)
  expect(looks(1)).toBe(true)
  expect(pulse.quietMs).toBe(5000)
  at.signs++
  expect(looks(1)).toBe(false)
  expect(pulse.quietMs).toBe(0)
  expect(looks(4)).toBe(false)
  at.idleMs += 0.5
  expect(looks(5)).toBe(false)
})

test('one that uses the CPU hangs only after a minute', () => {
  const { at, pulse, looks } = stage()
  for (let second = 0; second < 59; second++) {
    at.cpu += 10
    expect(looks(1)).toBe(false)
  }
  at.cpu += 10
  expect(looks(1)).toBe(true)
  expect(pulse.quietMs).toBe(60_000)
})

test('so does one that still loads its code; from then on it has five seconds', () => {
  const { at, looks } = stage()
  at.hasBegun = false
  expect(looks(59)).toBe(false)
  at.signs++
  at.hasBegun = true
  expect(looks(5)).toBe(false)
  expect(looks(1)).toBe(true)

  const never = stage()
  never.at.hasBegun = false
  expect(never.looks(60)).toBe(true)
})

test('what a thread takes that is woken for nothing does not count', () => {
  const { at, looks } = stage()
  for (let second = 0; second < 4; second++) {
    at.cpu += 9
    looks(1)
  }
  expect(looks(1)).toBe(true)
})

test('one that goes on is not asked for its CPU time', () => {
  const { at, looks } = stage()
  for (let second = 0; second < 10; second++) {
    at.signs++
    looks(1)
  }
  expect(at.asked).toBe(0)
})
