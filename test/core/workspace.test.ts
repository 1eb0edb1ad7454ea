import { expect, test } from 'vitest'
import { Workspace } from '../../src/core/workspace.ts'

test('a workspace gives again what was given back, empty, to whoever takes as much', () => {
  const workspace = new Workspace(65536)
  const first = workspace.take(1000)
  const second = workspace.take(1000)
  new Uint8Array(workspace.buffer, first, 1000).fill(7)
  workspace.give(first, 1000)
  const { free } = workspace
  expect(workspace.take(1001)).not.toBe(first)
  expect(workspace.take(1000)).toBe(first)
  expect(new Uint8Array(workspace.buffer, first, 1000).every(byte => byte === 0)).toBe(true)
  expect(workspace.take(1000)).toBeGreaterThan(second)
  expect(workspace.free).toBeLessThan(free)
})

test('a workspace without room says so, until something is given back', () => {
  const workspace = new Workspace(65536)
  const all = workspace.take(60_000)
  expect(workspace.take(60_000)).toBe(-1)
  workspace.give(all, 60_000)
  expect(workspace.take(60_000)).toBe(all)
})
