import { expect, test } from 'vitest'
import { type Cursor, newLedger } from '../../src/core/outcome.ts'
import { Cursors } from '../../src/pipeline/cursors.ts'

const cursor = (output: string, position: number): Cursor => {
  return { source: 'a', output, position, marker: '', ledger: newLedger() }
}
const nothing = { sources: [], cursors: [], cuts: [], parsers: {}, notes: {}, observed: [] }

test('cursors of one source are those of one output, or of several', () => {
  const cursors = new Cursors({ ...nothing, cursors: [cursor('one', 10)] })
  expect([cursors.has('a'), cursors.has('b')]).toEqual([true, false])
  cursors.set(cursor('one', 20))
  expect([cursors.get('a', 'one')?.position, cursors.get('a', 'two'), cursors.furthest('a')]).toEqual([
    20,
    undefined,
    20
  ])
  cursors.set(cursor('two', 15))
  cursors.set(cursor('three', 30))
  cursors.set(cursor('two', 25))
  expect(['one', 'two', 'three'].map(output => cursors.get('a', output)?.position)).toEqual([20, 25, 30])
  expect(cursors.furthest('a')).toBe(30)
  cursors.forget('a')
  expect([cursors.has('a'), cursors.furthest('a')]).toEqual([false, 0])
})
