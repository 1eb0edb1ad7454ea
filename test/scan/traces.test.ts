import { afterAll, describe, expect, test } from 'vitest'
import { framerOf } from '../../src/inputs/framing/framer.ts'
import { HeldBudget } from '../../src/inputs/framing/held.ts'
import { multilineNow } from '../fakes/multiline.ts'
import { arena, frame } from '../inputs/frame.ts'
import { TraceCorpus, traces } from './trace-corpus.ts'

/** The records that a preset makes of lines. */
function recordsOf(text: string, preset: string): string[] {
  const plan = { framing: 'lines', maxLineBytes: 1 << 20, multiline: multilineNow({ preset }) } as const
  const rows = frame(framerOf(plan, { arena, budget: new HeldBudget() }), Buffer.from(text), [4096])
  return rows.map(row => Buffer.from(row.text, 'latin1').toString())
}

/** How many of the records came out as they are, and how many rows hold more than one. */
function compare(records: readonly string[], rows: readonly string[]): { right: string[]; merged: string[] } {
  const starts = new Map<number, string>()
  let at = 0
  for (const record of records) {
    starts.set(at, record)
    at += record.length + 1
  }
  const right: string[] = []
  const merged: string[] = []
  const whole = records.join('\n')
  let from = 0
  for (const row of rows) {
    while (whole[from] === '\n') from++
    if (starts.get(from) === row) right.push(row)
    let begun = 0
    for (let i = from; i < from + row.length; i++) if (starts.has(i)) begun++
    if (begun > 1) merged.push(row)
    from += row.length
  }
  return { right, merged }
}

const isTrace = (record: string): boolean => record.includes('\n')

describe('auto', () => {
  const rates: string[] = []
  test.each(Object.keys(traces))('finds traces of %s among single lines', language => {
    let [right, all] = [0, 0]
    const merged: string[] = []
    for (let seed = 1; seed <= 40; seed++) {
      const records = new TraceCorpus(seed).records(language, 25)
      const result = compare(records, recordsOf(`${records.join('\n')}\n`, 'auto'))
      right += result.right.filter(isTrace).length
      all += records.filter(isTrace).length
      merged.push(...result.merged)
    }
    rates.push(`${language} ${((100 * right) / all).toFixed(2)} %`)
    expect(merged.slice(0, 3)).toEqual([])
    expect(right / all).toBeGreaterThanOrEqual(0.95)
  })
  afterAll(() => console.log(`traces found: ${rates.join(', ')}`))

  test('never merges single lines', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const records = new TraceCorpus(seed).singleLines(200)
      expect(recordsOf(`${records.join('\n')}\n`, 'auto')).toEqual(records)
    }
  })
})
