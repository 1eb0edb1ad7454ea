import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { listeningLog, openStore, tempDir } from './support.ts'

const child = fileURLToPath(new URL('./child.ts', import.meta.url))

function runWriter(dir: string, crashAt: string): { signal: string | null; lines: string[] } {
  const env = { ...process.env, MCP_COLLECTOR_CRASH_AT: crashAt }
  const { signal, stdout } = spawnSync(process.execPath, [child, 'write', dir], { env, encoding: 'utf8' })
  return { signal, lines: stdout.trim().split('\n') }
}

async function startHolder(dir: string): Promise<ChildProcess> {
  const holder = spawn(process.execPath, [child, 'hold', dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void holder.kill('SIGKILL'))
  const [chunk] = (await once(holder.stdout, 'data')) as [Buffer]
  expect(chunk.toString()).toBe('open\n')
  return holder
}

/** What must hold after any crash: nothing that was said to be durable is gone, and no cursor passes a letter that is. */
function checkState(dir: string, lines: readonly string[]): number {
  const durable = Number(lines.filter(line => /^\d+$/.test(line)).at(-1) ?? 0)
  const log = listeningLog()
  const store = openStore(dir, { log })
  expect(log.lines).toEqual([])
  const position = store.load().cursors[0]?.position ?? 0
  expect(position).toBeGreaterThanOrEqual(durable)
  expect(position).toBeLessThanOrEqual(durable + 1)
  const letters = store.letters.list({ limit: 1000 })
  const positions = new Set(letters.map(letter => letter.position))
  expect(positions.size).toBe(letters.length)
  for (let i = 1; i <= position; i++) expect(positions.has(i)).toBe(true)
  store.close()
  expect(readdirSync(dir).filter(name => /\.(tmp|last|new|bad)/.test(name))).toEqual([])
  return position
}

const points = [
  ['state.commit.before:1', 0],
  ['state.commit.before:17', 16],
  ['state.commit.after:1', 1],
  ['state.commit.after:25', 25],
  ['state.letters.before:3', 2],
  ['state.letters.after:3', 2],
  ['state.migrate.before:1', 0],
  ['state.migrate.after:1', 0],
  // The first file that is made is state.db, the second letters.db.
  ['state.create.rename.before:1', 0],
  ['state.create.rename.after:1', 0],
  ['state.create.rename.before:2', 0],
  ['state.create.rename.after:2', 0],
  ['state.backup.verify.before:1', 10],
  ['state.backup.rename.before:2', 20],
  ['state.backup.rename.after:2', 20],
  // The last backup, in close().
  ['state.backup.rename.before:4', 40]
] as const

test.each(points)('state survives a kill at %s', (point, position) => {
  const dir = tempDir()
  const { signal, lines } = runWriter(dir, point)
  expect(signal).toBe('SIGKILL')
  expect(checkState(dir, lines)).toBe(position)
})

test('state survives kills at one place time and again', () => {
  const dir = tempDir()
  for (let i = 0; i < 3; i++) expect(runWriter(dir, 'state.commit.before:2').signal).toBe('SIGKILL')
  checkState(dir, ['1'])
})

test.each(['state.set-aside.after:1', 'state.create.rename.before:1', 'state.create.rename.after:1'])(
  'state comes back from its backup although it is killed at %s on the way',
  point => {
    const dir = tempDir()
    expect(runWriter(dir, 'state.commit.before:26').signal).toBe('SIGKILL')
    writeFileSync(join(dir, 'state.db'), 'rot')
    const { signal, lines } = runWriter(dir, point)
    expect(signal).toBe('SIGKILL')
    expect(lines.filter(line => line === 'open')).toEqual([])
    const store = openStore(dir)
    expect(store.load().cursors[0]?.position).toBe(20)
  }
)

test('second collector exits at once, naming directory and process, and a killed holder blocks nobody', async () => {
  const dir = tempDir()
  const holder = await startHolder(dir)
  const before = performance.now()
  const second = spawnSync(process.execPath, [child, 'hold', dir], { encoding: 'utf8' })
  expect(performance.now() - before).toBeLessThan(15_000)
  expect(second.status).toBe(exitCodes.alreadyRunning)
  expect(second.stdout).toContain(`Cannot use state directory "${dir}"`)
  expect(second.stdout).toContain(`process ${holder.pid}`)
  expect(() => openStore(dir)).toThrow(/holds it/)
  // The failed tries of this process and the other have not cost the holder its lock.
  expect(spawnSync(process.execPath, [child, 'hold', dir]).status).toBe(exitCodes.alreadyRunning)

  holder.kill('SIGKILL')
  await once(holder, 'exit')
  openStore(dir).close()
})

test('lock is taken whatever stands in its place', () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'lock.db'), 'x'.repeat(5000))
  writeFileSync(join(dir, 'lock.pid'), '99999999')
  openStore(dir).close()
  expect(statSync(join(dir, 'lock.db')).size).toBe(0)
  const other = tempDir()
  mkdirSync(join(other, 'lock.db'))
  openStore(other).close()
})
