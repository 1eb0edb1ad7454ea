import { expect, test } from 'vitest'
import { Workspace } from '../../src/core/workspace.ts'
import { BodyPool, bodyBytes } from '../../src/delivery/body-pool.ts'

const options = { batchBytes: 1000, maxInFlightBytes: 3000, poison: true }

test('bodies of a pool that is closed make room for those of the next one', () => {
  const workspace = new Workspace(bodyBytes(options))
  for (let i = 0; i < 50; i++) {
    const pool = new BodyPool(options, workspace)
    const bodies = Array.from({ length: 5 }, () => pool.take())
    for (const body of bodies) expect(body.bytes.buffer).toBe(workspace.buffer)
    pool.give(bodies[0]!)
    pool.close()
  }
})

test('the same bodies are filled again and again, and those outside of the workspace last', () => {
  const workspace = new Workspace(bodyBytes(options))
  const pool = new BodyPool(options, workspace)
  const bodies = Array.from({ length: 6 }, () => pool.take())
  const placed = bodies.filter(({ bytes }) => bytes.buffer === workspace.buffer)
  expect(placed).toHaveLength(5)
  for (const order of [bodies, bodies.toReversed()]) {
    for (const body of order) pool.give(body)
    expect(placed.every(body => pool.take() === body)).toBe(true)
    pool.take()
  }
})
