import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { silentLog } from '../../src/core/log.ts'
import { newLedger } from '../../src/core/outcome.ts'
import { StateStore } from '../../src/state/store.ts'
import { execute, root } from './command.ts'

const wrapper = join(root, 'bin', 'mcp-collector.js')
const hasFull = existsSync('/dev/full')
const oldNode = await findOldNode()
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'process-'))
})

afterEach(() => rmSync(dir, { recursive: true }))

describe('program', () => {
  test('passes the exit code of its verb on', async () => {
    expect((await execute(process.execPath, [wrapper, 'status', '--state-dir', dir])).code).toBe(1)
    expect((await execute(process.execPath, [wrapper, 'sttus'])).code).toBe(2)
  })

  test('ends quietly when nobody reads its output', async () => {
    const child = spawn(process.execPath, [wrapper, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    const [[code], err] = await Promise.all([once(child, 'exit'), text(child.stderr)])
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })

  test.runIf(hasFull)('says that an answer could not be written', async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [wrapper, 'reference', '--json-schema'], { stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    const [[code], err] = await Promise.all([once(child, 'exit'), text(child.stderr!)])
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('Cannot write to standard output') })
  })

  test.runIf(hasFull)('follows on where its log finds no room', async () => {
    const rows = Array.from({ length: 3 }, (_, n) => `line ${n}\n`)
    writeFileSync(join(dir, 'a.log'), rows.join(''))
    const config = join(dir, 'config.yaml')
    writeFileSync(
      config,
      `version: 1
server: { listen: 127.0.0.1:0 }
inputs: { logs: { type: file, paths: [a.log] } }
outputs: { out: { type: stdout, start_from: beginning } }
`
    )
    const full = openSync('/dev/full', 'w')
    const args = [wrapper, 'run', config, '--state-dir', join(dir, 'state')]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', full] })
    closeSync(full)
    let out = ''
    for await (const piece of child.stdout!) {
      out += String(piece)
      if (out.split('\n').length > rows.length) child.kill()
    }
    expect(out.match(/line \d/g)).toEqual(['line 0', 'line 1', 'line 2'])
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(0)
  })

  test('writes all of a long answer to somebody who reads slowly', async () => {
    const state = StateStore.open(dir, { clock: systemClock, log: silentLog })
    const ledger = newLedger()
    const cursors = Array.from({ length: 2000 }, (_, n) => ({ source: `source-${n}`, output: 'default/es', ledger }))
    state.append(cursors.map(cursor => ({ kind: 'cursor', cursor: { ...cursor, position: 1, marker: '' } })))
    state.close()
    const child = spawn(process.execPath, [wrapper, 'ledger', '--json', '--state-dir', dir])
    await Promise.race([once(child, 'exit'), delay(1500)])
    const { rows } = JSON.parse(await text(child.stdout)) as { rows: unknown[] }
    expect(rows).toHaveLength(2000)
  })
})

describe('wrapper', () => {
  /** Prints whether a thread keeps few young objects apart from others: 2 MiB and a page or so; it grows to 32 where nobody says how many. */
  const fill = `
    let kept = []
    for (let i = 0; i < 3_000_000; i++) if (kept.push({ i }) > 20_000) kept = []
    const v8 = process.getBuiltinModule('v8')
    const { space_size } = v8.getHeapSpaceStatistics().find(space => space.space_name === 'new_space')
    console.log(space_size < 4 * 2 ** 20 ? 'few' : space_size, process.argv.slice(2).join(' '))`
  const youngGeneration = `
    import { Worker } from 'node:worker_threads'
    new Worker(${JSON.stringify(fill)}, { eval: true, argv: process.argv.slice(2) })`

  test('sets flags of V8, and passes arguments on', async () => {
    const file = packageWith(youngGeneration)
    expect(await execute(process.execPath, [file, 'x', '--y'])).toEqual({ code: 0, out: 'few x --y\n', err: '' })
  })

  test('sets flags of V8 for the first thread, too, of what runs for long', async () => {
    const file = packageWith(fill)
    expect(await execute(process.execPath, [file, 'run', 'x'])).toEqual({ code: 0, out: 'few run x\n', err: '' })
  })

  test.runIf(process.platform === 'linux')('keeps memory from falling to pieces, in the same process', async () => {
    // Blocks of 100 KiB lie outside of the heap of malloc, which would take up to 128 KiB.
    const file = packageWith(`
      import { readFileSync } from 'node:fs'
      const heapBytes = () => {
        const [, begin, end] = /^(\\w+)-(\\w+) .*\\[heap]$/m.exec(readFileSync('/proc/self/maps', 'latin1'))
        return Number('0x' + end) - Number('0x' + begin)
      }
      const before = heapBytes()
      const kept = Array.from({ length: 200 }, () => new ArrayBuffer(100 * 1024))
      const inHeap = heapBytes() - before > 10 * 2 ** 20
      console.log(process.pid, inHeap ? 'in' : 'outside', kept.length, process.argv.slice(2).join(' '))`)
    const child = spawn(process.execPath, [file, 'run', 'x'], { stdio: ['ignore', 'pipe', 'inherit'] })
    expect(await text(child.stdout)).toBe(`${child.pid} outside 200 run x\n`)
    const own = { MALLOC_MMAP_THRESHOLD_: '1048576' }
    expect((await execute(process.execPath, [file, 'run'], own)).out).toMatch(/ in 200 run\n$/)
    expect((await execute(process.execPath, [file, 'status'])).out).toMatch(/ in 200 status\n$/)
  })

  test.runIf(process.platform === 'linux' && isBuiltin('node:ffi'))(
    'gives memory back that is free between blocks in use',
    async () => {
      // What is to be done once a minute is done at once here, by what is loaded before the wrapper.
      const hurry =
        'const slow = setInterval; globalThis.setInterval = (run, ms, ...more) => slow(run, ms / 600, ...more)'
      const file = packageWith(`
      const v8 = process.getBuiltinModule('v8')
      v8.setFlagsFromString('--expose-gc')
      const collect = process.getBuiltinModule('vm').runInNewContext('gc')
      let blocks = Array.from({ length: 30_000 }, () => new ArrayBuffer(2000))
      const before = process.memoryUsage.rss()
      blocks = blocks.filter((_, n) => n % 50 === 0)
      const end = performance.now() + 15_000
      const look = () => {
        collect()
        const isBack = process.memoryUsage.rss() < before - 20 * 2 ** 20
        if (isBack || performance.now() > end) console.log(isBack ? 'back' : 'kept', blocks.length)
        else setTimeout(look, 20)
      }
      setTimeout(look, 20)`)
      const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hurry)}` }
      expect((await execute(process.execPath, [file, 'run'], env)).out).toBe('back 600\n')
    }
  )

  test.runIf(oldNode)('hands over to a newer Node.js that lies beside it', async () => {
    const file = packageWith(youngGeneration)
    linkNode(dir)
    expect(await execute(oldNode!, [file, 'x', '--y'])).toEqual({ code: 0, out: 'few x --y\n', err: '' })
  })

  test.runIf(oldNode)('finds the Node.js of whoever depends on it', async () => {
    const file = packageWith(
      'console.log(process.version); process.exit(3)',
      join(dir, 'node_modules', 'mcp-collector')
    )
    linkNode(dir)
    expect(await execute(oldNode!, [file])).toEqual({ code: 3, out: `${process.version}\n`, err: '' })
  })

  test.runIf(oldNode)('passes signals on, and ends as the program ended', async () => {
    const file = packageWith(`
      process.on('SIGTERM', () => process.exit(7))
      console.log('ready', process.pid)
      setInterval(() => {}, 1000)`)
    linkNode(dir)
    const child = spawn(oldNode!, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([7, null])

    const killed = spawn(oldNode!, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(killed.stdout.setEncoding('utf8'), 'data')) as [string]
    process.kill(Number(line.split(' ')[1]), 'SIGKILL')
    expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])
  })

  test.runIf(oldNode)('says in one sentence that Node.js is too old', async () => {
    const { code, err } = await execute(oldNode!, [packageWith('')])
    expect(code).toBe(1)
    expect(err).toMatch(/^mcp-collector can not start: it needs Node\.js 24 or newer, this is v\d.*\n$/)
  })

  test('says in one sentence that its files are missing', async () => {
    const file = packageWith('')
    rmSync(join(dir, 'dist'), { recursive: true })
    const { code, err } = await execute(process.execPath, [file])
    expect(code).toBe(1)
    expect(err).toMatch(/^mcp-collector can not start: its own files are missing.*\n$/)
  })
})

/** A package whose program is `source`. */
function packageWith(source: string, folder = dir): string {
  mkdirSync(join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'dist', 'main.js'), source)
  return join(folder, 'bin', 'mcp-collector.js')
}

function linkNode(folder: string): void {
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true })
  symlinkSync(process.execPath, join(folder, 'node_modules', '.bin', 'node'))
}

/** A Node.js on this machine that is too old for the program, where there is one. */
async function findOldNode(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(folder => !folder.includes('node_modules'))
  for (const file of folders.map(folder => join(folder, 'node')).filter(file => existsSync(file))) {
    const { out } = await execute(file, ['--version'])
    if (Number.parseInt(out.slice(1), 10) < 24) return file
  }
  return undefined
}
