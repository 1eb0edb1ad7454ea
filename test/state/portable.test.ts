import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { newLedger } from '../../src/core/outcome.ts'
import { checkPortable, exportLines, importInto, refuseUnlessEmpty } from '../../src/state/portable.ts'
import { StateReader } from '../../src/state/reader.ts'
import { StateStore } from '../../src/state/store.ts'
import { cursorRecord, letter, listeningLog, openStore, sourceRecord, tempDir } from './support.ts'

const head = { program: '0.1.0', exportedAt: 1_700_000_000_000, hostId: undefined }

function read<T>(dir: string, look: (reader: StateReader) => T): T {
  const reader = StateReader.open(dir, listeningLog())
  try {
    return look(reader)
  } finally {
    reader.close()
  }
}

/** A state with everything in it, still open. */
function full(): { dir: string; store: StateStore } {
  const dir = tempDir()
  const store = openStore(dir)
  store.append([
    sourceRecord('s1'),
    sourceRecord('s2'),
    cursorRecord('s1', 10),
    cursorRecord('s2', 20, 'main/two'),
    { kind: 'cut', source: 's1', position: 7 },
    { kind: 'parser', source: 's2', parser: 'json' },
    { kind: 'note', key: 'main/es/index', value: 'a "b"\n' },
    { kind: 'agent', agent: { id: 'agent-7', facts: { role: 'planner', heardAt: 17 } } },
    sourceRecord('s3'),
    cursorRecord('s3', 5),
    { kind: 'forget', source: 's3' },
    { kind: 'observed', observed: { source: 's1', from: 5, knownTo: 8 } },
    { kind: 'window', query: 'q', range: 1, bucket: -1, blob: Buffer.from([0, 255, 10]) },
    { kind: 'alert', rule: 'r', labels: '{"a":"b"}', content: '{"state":"firing"}' },
    { kind: 'notice', receiver: 'ops', group: '["A"]', content: '{"at":1,"alerts":[]}' },
    { kind: 'letter', letter: { ...letter(3), identity: 17 } },
    { kind: 'letter', letter: letter(4, 'main/two', 'é\u0000\n') }
  ])
  store.flush()
  return { dir, store }
}

async function exported(dir: string): Promise<string> {
  const path = join(tempDir(), 'state.ndjson')
  writeFileSync(path, read(dir, reader => [...exportLines(reader, head)]).join(''))
  return path
}

test('a state is exported while it is open, and is the same after an import', async () => {
  const { dir, store } = full()
  const path = await exported(dir)
  store.append([cursorRecord('s1', 99)])
  store.flush()
  expect((await checkPortable(path)).counts).toEqual({ sources: 2, cursors: 2, letters: 2 })
  const to = tempDir()
  const other = openStore(to)
  refuseUnlessEmpty(other)
  await importInto(other, path)
  expect(other.load().cursors.map(({ position }) => position)).toEqual([10, 20])
  expect(other.agents()).toEqual([{ id: 'agent-7', facts: { role: 'planner', heardAt: 17 } }])
  expect(other.ended().get('main/es')).toMatchObject({ read: 5 })
  expect(other.load().observed).toEqual([{ source: 's1', from: 5, knownTo: 8 }])
  const blob = new Uint8Array([0, 255, 10])
  expect(other.loadRules().windows).toEqual([{ kind: 'window', query: 'q', range: 1, bucket: -1, blob }])
  expect(other.loadRules().notices).toEqual([
    { kind: 'notice', receiver: 'ops', group: '["A"]', content: '{"at":1,"alerts":[]}' }
  ])
  expect(other.loadRules().alerts).toMatchObject([{ rule: 'r', content: '{"state":"firing"}' }])
  other.close()
  const again = await exported(to)
  expect(readFileSync(again, 'utf8')).toBe(readFileSync(path, 'utf8'))
  expect(read(to, reader => [...reader.letters.all()].map(({ identity, row }) => [identity, row.toString()]))).toEqual([
    [17, '{"message":"row 3"}'],
    [expect.any(Number), 'é\u0000\n']
  ])
  expect(openStore(to).origin).toBe('found')
})

test('an export of ten thousand sources is whole', async () => {
  const dir = tempDir()
  const store = openStore(dir)
  for (let i = 0; i < 10_000; i++) store.append([sourceRecord(`s${i}`), cursorRecord(`s${i}`, i)])
  store.flush()
  const path = await exported(dir)
  expect((await checkPortable(path)).counts).toEqual({ sources: 10_000, cursors: 10_000, letters: 0 })
})

test('an import into a state that is in use is refused', () => {
  const { store } = full()
  expect(() => refuseUnlessEmpty(store)).toThrow(/has a state already/)
})

test('a changed file is refused before anything of it is used, wherever it was changed', async () => {
  const { dir } = full()
  const text = readFileSync(await exported(dir), 'utf8')
  const path = join(tempDir(), 'changed.ndjson')
  const refusal = async (changed: string | Buffer): Promise<string> => {
    writeFileSync(path, changed)
    return checkPortable(path).then(
      () => 'taken',
      (error: Error) => error.message
    )
  }
  expect(await refusal(text)).toBe('taken')
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 13) {
    const other = Buffer.from(bytes)
    other[at] = other[at]! ^ 4
    expect(await refusal(other), `byte ${at}`).toMatch(/^Cannot import ".*line \d+: |newer version/)
  }
  for (let end = 0; end < text.length - 1; end += 29) {
    expect(await refusal(text.slice(0, end)), `cut at ${end}`).toMatch(/^Cannot import/)
  }
  const lines = text.trimEnd().split('\n')
  expect(await refusal(lines.toSpliced(3, 1).join('\n'))).toMatch(/check does not match/)
  expect(await refusal([...lines, lines[1]].join('\n'))).toMatch(/check does not match/)
})

test.each([
  [
    '{"kind":"cursor","cursor":{"source":"s","output":"o","position":1,"marker":"","ledger":{}}}',
    '"rows" must be counts'
  ],
  ['{"kind":"cursor","cursor":{"source":"s","output":"o","position":1.5}}', '"ledger" must be an object'],
  ['{"kind":"cut","source":"s","position":1e300}', '"position" must be a whole number'],
  ['{"kind":"source","source":{"id":"s","input":"i","name":"n","file":{"a":{}},"seenAt":1}}', 'plain value'],
  [`{"kind":"ended","output":"o","ledger":${JSON.stringify({ ...newLedger(), lostRows: { magic: 1 } })}}`, 'no reason'],
  ['{"kind":"agent","agent":{"id":"a","facts":{"beats":[1]}}}', 'plain value'],
  ['{"kind":"__proto__"}', 'nothing that this version knows'],
  ['[1]', 'nothing that this version knows'],
  ['null', 'no exported state']
])('the line %j is refused with its number', async (line, reason) => {
  const path = join(tempDir(), 'wrong.ndjson')
  writeFileSync(path, `{"format":"mcp-collector state","version":1,"program":"0.1.0","exportedAt":1}\n${line}\n`)
  await expect(checkPortable(path)).rejects.toThrow(new RegExp(`line 2: .*(${reason})`))
})

test('a newer file is refused with the exit code for that, another file is none', async () => {
  const path = join(tempDir(), 'state.ndjson')
  writeFileSync(path, '{"format":"mcp-collector state","version":2,"program":"9.9.9"}\n')
  await expect(checkPortable(path)).rejects.toMatchObject({
    exitCode: exitCodes.newerState,
    message: expect.stringContaining('9.9.9')
  })
  for (const text of ['', 'x\n', '{}\n', '{"message":"a log"}\n']) {
    writeFileSync(path, text)
    await expect(checkPortable(path)).rejects.toThrow(/line 1: this is no exported state/)
  }
  mkdirSync(join(path, '..', 'folder'))
  await expect(checkPortable(join(path, '..', 'none'))).rejects.toThrow(/^Cannot read ".*none": ENOENT/)
})
