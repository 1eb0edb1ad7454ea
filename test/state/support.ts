import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { Log } from '../../src/core/log.ts'
import { newLedger } from '../../src/core/outcome.ts'
import type { Cursor } from '../../src/core/outcome.ts'
import type { DeadLetter, StateRecord, StoredSource } from '../../src/core/record.ts'
import { StateStore } from '../../src/state/store.ts'
import { tempFolder } from '../fakes/folder.ts'

/** In memory where there is such a place: these tests flush thousands of times. */
export const tempRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export function tempDir(): string {
  return tempFolder(tempRoot)
}

/** A log that remembers what was said, as `level message`. */
export function listeningLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const say =
    (level: string) =>
    (message: string): void => {
      lines.push(`${level} ${message}`)
    }
  return { lines, info: say('info'), warn: say('warn'), error: say('error'), debug: say('debug') }
}

/** Opens a store that is closed with the test. */
export function openStore(dir: string, options: { clock?: Clock; log?: Log } = {}): StateStore {
  const store = StateStore.open(dir, { clock: options.clock ?? systemClock, log: options.log ?? listeningLog() })
  onTestFinished(() => store.close())
  return store
}

export function source(id: string, seenAt = 1): StoredSource {
  return { id, input: 'agent', name: `/var/log/${id}.log`, file: { inode: '12', device: 3, known: true }, seenAt }
}

export function cursor(id: string, position: number, output = 'main/es'): Cursor {
  const ledger = newLedger()
  ledger.read = position
  ledger.rows[0] = position
  return { source: id, output, position, marker: position.toString(16), ledger }
}

export function sourceRecord(id: string): StateRecord {
  return { kind: 'source', source: source(id) }
}

export function cursorRecord(id: string, position: number, output?: string): StateRecord {
  return { kind: 'cursor', cursor: cursor(id, position, output) }
}

export function letter(position: number, output = 'main/es', text = `{"message":"row ${position}"}`): DeadLetter {
  return {
    output,
    source: 'AAAAAAAAAAAAAAAA',
    position,
    length: 20,
    status: 400,
    type: 'document_parsing_exception',
    reason: 'failed to parse field [a]',
    at: 1_700_000_000_000 + position,
    row: Buffer.from(text)
  }
}
