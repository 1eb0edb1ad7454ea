import type { DeadLetter, StateRecord } from '../core/record.ts'
import type { TableRecord } from './state-tables.ts'

/**
 * Records that wait for the next commit, in order. All of it goes into one transaction, so a record that says the same thing
 * anew (the cursor of one source and output, the note of one key) takes the place of the older one: however long the disk is
 * full, memory grows with the number of things, not with time.
 */
export class Queue {
  readonly letters: DeadLetter[] = []
  readonly #records = new Map<string, TableRecord>()

  add(record: StateRecord): void {
    if (record.kind === 'letter') {
      this.letters.push(record.letter)
      return
    }
    const key = keyOf(record)
    // Deleted first, so that it moves to the end: behind a `forget` that came in between.
    this.#records.delete(key)
    this.#records.set(key, record)
  }

  get records(): Iterable<TableRecord> {
    return this.#records.values()
  }

  get size(): number {
    return this.#records.size + this.letters.length
  }

  clearRecords(): void {
    this.#records.clear()
  }
}

/** Whether shipments or inputs wait for this record. */
export function isUrgent(record: StateRecord): boolean {
  return !['cursor', 'uncut', 'agent', 'observed', 'window', 'unwindow', 'unobserved'].includes(record.kind)
}

function keyOf(record: TableRecord): string {
  switch (record.kind) {
    case 'source':
      return `source ${record.source.id}`
    case 'cursor':
      return `cursor ${record.cursor.source} ${record.cursor.output}`
    case 'note':
      return `note ${record.key}`
    case 'agent':
      return `agent ${record.agent.id}`
    case 'forgetAgent':
      return `agent ${record.id}`
    case 'forget':
    case 'parser':
      return `${record.kind} ${record.source}`
    case 'observed':
      return `observed ${record.observed.source}`
    case 'window':
      return `window ${record.query} ${record.range} ${record.bucket}`
    case 'alert':
      return `alert ${record.rule} ${record.labels}`
    case 'notice':
      return `notice ${record.receiver} ${record.group}`
    case 'unwindow':
      return `unwindow ${record.query}`
    case 'unobserved':
      return record.kind
    case 'cut':
      return `cut ${record.source} ${record.position}`
    default:
      return `uncut ${record.source} ${record.before}`
  }
}
