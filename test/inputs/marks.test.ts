import { expect, test } from 'vitest'
import { FileMarks } from '../../src/inputs/file/marks.ts'
import { MemoryLink } from '../fakes/state-link.ts'

test('marks tell every lane which record its rows wait for, whoever decided', () => {
  const marks = new FileMarks('source', new MemoryLink(), { cuts: [], parser: undefined })
  expect(marks.barrier).toBe(0)
  const cut = marks.addCut(10)
  expect(marks.barrier).toBe(cut)
  const choice = marks.choose('json')
  expect(choice).toBeGreaterThan(cut)
  expect(marks.barrier).toBe(choice)
})
