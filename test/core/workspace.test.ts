import { expect, test } from 'vitest'
import { Workspace } from '../../src/core/workspace.ts'

test('a workspace lends again what was given back: the smallest place that is large enough', () => {
  const workspace = new Workspace(65536)
  const [small, large, middle] = [1000, 9000, 3000].map(bytes => workspace.lend(bytes)) as [number, number, number]
  const { free } = workspace
  for (const address of [small, large, middle]) workspace.giveBack(address)
  expect([2000, 2000, 500].map(bytes => workspace.lend(bytes))).toEqual([middle, large, small])
  expect(workspace.free).toBe(free)
  workspace.giveBack(large)
  expect(workspace.lend(9000)).toBe(large)
  expect([small, middle, large]).not.toContain(workspace.lend(10))
})

test('what is taken is empty, and nothing that was lent before', () => {
  const workspace = new Workspace(65536)
  const lent = workspace.lend(1000)
  new Uint8Array(workspace.buffer, lent, 1000).fill(7)
  workspace.giveBack(lent)
  const taken = workspace.take(1000)
  expect(taken).not.toBe(lent)
  expect(new Uint8Array(workspace.buffer, taken, 1000).every(byte => byte === 0)).toBe(true)
})

test('a workspace without room says so, until something is given back', () => {
  const workspace = new Workspace(65536)
  const all = workspace.lend(60_000)
  expect([workspace.lend(60_000), workspace.take(60_000)]).toEqual([-1, -1])
  workspace.giveBack(all)
  expect(workspace.lend(50_000)).toBe(all)
})
