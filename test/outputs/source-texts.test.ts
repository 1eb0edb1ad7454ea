import { expect, test } from 'vitest'
import { SourceTexts } from '../../src/outputs/source-texts.ts'
import { sourceOf } from '../fakes/source.ts'

const kept = 1000

test('texts are those of the sources for which some were made last', () => {
  const texts = new SourceTexts<number>()
  const sources = Array.from({ length: kept + 3 }, () => sourceOf())
  for (const [n, source] of sources.entries()) texts.set(source, n)
  expect(sources.map(source => texts.get(source))).toEqual([
    undefined,
    undefined,
    undefined,
    ...Array.from({ length: kept }, (_, n) => n + 3)
  ])
  texts.set(sources[1]!, -1)
  expect(sources.slice(0, 5).map(source => texts.get(source))).toEqual([undefined, -1, undefined, undefined, 4])
})
