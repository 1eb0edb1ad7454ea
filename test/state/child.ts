import { writeSync } from 'node:fs'
import { systemClock } from '../../src/core/clock.ts'
import { ExitError } from '../../src/core/errors.ts'
import { newLedger } from '../../src/core/outcome.ts'
import type { StateRecord } from '../../src/core/record.ts'
import { StateStore } from '../../src/state/store.ts'

// A collector's state on its own, in a process that tests may kill: `child.ts hold|write <dir>`.
const [, , mode, dir = ''] = process.argv

function say(text: string): void {
  writeSync(1, `${text}\n`)
}

function records(position: number): StateRecord[] {
  const ledger = { ...newLedger(), read: position }
  const source = 'AAAAAAAAAAAAAAAA'
  const output = 'main/es'
  const refused = { status: 400, type: 'bad', reason: 'no', at: 1, row: Buffer.from(`row ${position}`) }
  return [
    { kind: 'letter', letter: { output, source, position, length: 1, ...refused } },
    { kind: 'cursor', cursor: { source, output, position, marker: '', ledger } }
  ]
}

async function write(store: StateStore): Promise<void> {
  for (let position = 1; position <= 40; position++) {
    const number = store.append(records(position))
    store.flush()
    if (store.durable === number) say(String(position))
    if (position % 10 === 0) await store.backup()
  }
  store.close()
}

try {
  const log = { info() {}, debug() {}, warn: say, error: say }
  const store = StateStore.open(dir, { clock: systemClock, log })
  say('open')
  if (mode === 'write') await write(store)
  else setInterval(() => {}, 1000)
} catch (error) {
  if (!(error instanceof ExitError)) throw error
  say(error.message)
  process.exitCode = error.exitCode
}
