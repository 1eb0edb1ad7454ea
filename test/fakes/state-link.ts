import type { Cursor } from '../../src/core/outcome.ts'
import type { DeadLetter, Observed, ShardRecord, StateLink, StoredSource, StoredState } from '../../src/core/record.ts'

/** State in memory. Everything is durable at once. */
export class MemoryLink implements StateLink {
  durable = 0
  writable = true
  readonly records: ShardRecord[] = []

  append(records: readonly ShardRecord[]): number {
    this.records.push(...records)
    return ++this.durable
  }

  untilDurable(): Promise<void> {
    return Promise.resolve()
  }

  get letters(): DeadLetter[] {
    return this.records.flatMap(record => (record.kind === 'letter' ? [record.letter] : []))
  }

  /** What the next run would load. */
  stored(): StoredState {
    const sources = new Map<string, StoredSource>()
    const cursors = new Map<string, Cursor>()
    let cuts: { source: string; position: number }[] = []
    const parsers: Record<string, string> = {}
    const notes: Record<string, string> = {}
    const observed = new Map<string, Observed>()
    for (const record of this.records) {
      if (record.kind === 'source') sources.set(record.source.id, record.source)
      if (record.kind === 'forget') {
        sources.delete(record.source)
        for (const [key, cursor] of cursors) if (cursor.source === record.source) cursors.delete(key)
      }
      if (record.kind === 'cursor') cursors.set(`${record.cursor.source} ${record.cursor.output}`, record.cursor)
      if (record.kind === 'cut') cuts.push({ source: record.source, position: record.position })
      if (record.kind === 'uncut') {
        cuts = cuts.filter(cut => cut.source !== record.source || cut.position >= record.before)
      }
      if (record.kind === 'observed') observed.set(record.observed.source, record.observed)
      if (record.kind === 'parser') parsers[record.source] = record.parser
      if (record.kind === 'note') notes[record.key] = record.value
    }
    return {
      sources: [...sources.values()],
      cursors: [...cursors.values()],
      cuts,
      parsers,
      notes,
      observed: [...observed.values()]
    }
  }
}
