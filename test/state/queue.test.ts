import { array, assert, constantFrom, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import type { StateRecord } from '../../src/core/record.ts'
import { Queue } from '../../src/state/queue.ts'
import { cursor, source } from './support.ts'

/** The state as plain maps: what the tables would hold. */
class Model {
  readonly sources = new Map<string, number>()
  readonly cursors = new Map<string, number>()
  readonly cuts = new Set<string>()
  readonly parsers = new Map<string, string>()
  readonly notes = new Map<string, string>()

  write(record: StateRecord): void {
    if (record.kind === 'source') this.sources.set(record.source.id, record.source.seenAt)
    else if (record.kind === 'cursor') this.cursors.set(record.cursor.source, record.cursor.position)
    else if (record.kind === 'cut') this.cuts.add(`${record.source} ${record.position}`)
    else if (record.kind === 'uncut') this.#uncut(record.source, record.before)
    else if (record.kind === 'parser') this.parsers.set(record.source, record.parser)
    else if (record.kind === 'note') this.notes.set(record.key, record.value)
    else if (record.kind === 'forget') {
      for (const map of [this.sources, this.cursors, this.parsers]) map.delete(record.source)
      this.#uncut(record.source, Infinity)
    }
  }

  #uncut(id: string, before: number): void {
    for (const cut of this.cuts) {
      const [owner, position] = cut.split(' ')
      if (owner === id && Number(position) < before) this.cuts.delete(cut)
    }
  }
}

const kinds = ['source', 'cursor', 'cut', 'uncut', 'parser', 'note', 'forget'] as const

/** Cuts and positions only go forward, as those who write them do. */
function recordOf(kind: StateRecord['kind'], name: string, step: number): StateRecord {
  if (kind === 'source') return { kind, source: source(name, step) }
  if (kind === 'cursor') return { kind, cursor: cursor(name, step) }
  if (kind === 'cut') return { kind, source: name, position: step }
  if (kind === 'uncut') return { kind, source: name, before: step - 2 }
  if (kind === 'parser') return { kind, source: name, parser: String(step) }
  if (kind === 'note') return { kind, key: name, value: String(step) }
  return { kind: 'forget', source: name }
}

test('queue comes to the same state as all of its records in order, although it keeps only the last of each', () => {
  const steps = array(tuple(constantFrom(...kinds), constantFrom('a', 'b')), { maxLength: 30 })
  const same = property(steps, steps => {
    const queue = new Queue()
    const plain = new Model()
    for (const [step, [kind, name]] of steps.entries()) {
      const record = recordOf(kind, name, step)
      queue.add(record)
      plain.write(record)
    }
    const coalesced = new Model()
    for (const kept of queue.records) coalesced.write(kept)
    expect(coalesced).toEqual(plain)
  })
  assert(same, { numRuns: 5000 })
})

test('queue does not grow with time, only with the number of things', () => {
  const queue = new Queue()
  for (let i = 0; i < 10_000; i++) queue.add({ kind: 'cursor', cursor: cursor(i % 2 ? 'a' : 'b', i) })
  expect(queue.size).toBe(2)
})
