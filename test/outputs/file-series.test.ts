import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Verdicts } from '../../src/core/output.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'
import { FileRun, modeOf, never } from './file-run.ts'

/** More than half of the smallest `max_bytes`. */
const big = (letter: string): string => letter.repeat(600)

describe('file, rotation', () => {
  const start = Date.UTC(2026, 10, 30, 22, 40)

  function rotating(options: { rotate?: object; keep?: object }) {
    const clock = new FakeClock(start)
    const folder = tempFolder()
    const path = join(folder, 'auth.ndjson')
    const given = { ...options, rotate: { max_bytes: 1024, ...options.rotate } }
    const run = new FileRun(path, given, { clock })
    let at = 0
    const send = async (letter: string): Promise<Verdicts> => run.send([big(letter)], (at += 1000))
    /** What each file has, by its name. */
    const files = (): Record<string, string> => {
      const entries = readdirSync(folder).toSorted()
      return Object.fromEntries(
        entries.map(name => {
          const bytes = readFileSync(join(folder, name))
          return [name, [...new Set((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())].join('').trim()]
        })
      )
    }
    return { clock, folder, path, run, send, files }
  }

  it('begins a new file by size, compresses the full one and keeps its mode', async () => {
    const { clock, folder, run, send, files } = rotating({})
    for (const letter of 'abc') {
      await send(letter)
      clock.move(1000)
    }
    await expect.poll(files, { timeout: 60_000 }).toEqual({
      'auth-20261130T224001.000Z.ndjson.gz': 'a',
      'auth-20261130T224002.000Z.ndjson.gz': 'b',
      'auth.ndjson': 'c'
    })
    expect(modeOf(join(folder, 'auth-20261130T224001.000Z.ndjson.gz'))).toBe(0o600)
    await run.output.close!()
  })

  it('begins a new file by age, with the first row that is too late for the old one', async () => {
    const { clock, run, send, files } = rotating({ rotate: { max_age: '1h', compression: 'none', max_bytes: '1MiB' } })
    await send('a')
    clock.move(3_500_000)
    await send('b')
    clock.move(200_000)
    expect(files()).toEqual({ 'auth.ndjson': 'a\nb' })
    await send('c')
    expect(Object.values(files())).toEqual(['a\nb', 'c'])
    await run.output.close!()
  })

  it('gives names that follow each other, though the clock goes back', async () => {
    const { clock, run, send, files } = rotating({ rotate: { compression: 'none' } })
    for (const letter of 'abcd') {
      await send(letter)
      clock.step(-5000)
    }
    expect(Object.values(files())).toEqual(['a', 'b', 'c', 'd'])
    await run.output.close!()
  })

  it.each<[string, object, string]>([
    ['by number', { max_files: 2 }, 'cde'],
    ['by age', { max_age: '2500ms' }, 'bcde'],
    ['all', {}, 'abcde']
  ])('keeps rotated files: %s, and what is none of them', async (_, keep, left) => {
    const { clock, folder, run, send, files } = rotating({ keep, rotate: { compression: 'none' } })
    const others = ['auth-old.ndjson', 'auth-20261130T224000.000Z.txt', 'auth-20261330T224000.000Z.ndjson']
    for (const name of others) writeFileSync(join(folder, name), name)
    for (const letter of 'abcde') {
      await send(letter)
      clock.move(1000)
    }
    for (const name of others) expect(files()).toHaveProperty([name])
    const own = (): string => {
      const ours = Object.entries(files()).filter(([name]) => !others.includes(name))
      return ours.map(([, letters]) => letters).join('')
    }
    await expect.poll(own, { timeout: 60_000 }).toBe(left)
    await run.output.close!()
  })

  it.each(['gzip', 'none'])('finishes what a killed run has left half done, compression %s', async compression => {
    const { folder, run, files } = rotating({ rotate: { compression } })
    const half = 'auth-20261130T220000.000Z.ndjson'
    const both = 'auth-20261130T221000.000Z.ndjson'
    writeFileSync(join(folder, half), 'h')
    writeFileSync(join(folder, `${half}.gz.tmp`), 'rubbish')
    writeFileSync(join(folder, both), 'b')
    utimesSync(join(folder, both), 1_000_000, 1_000_000)
    execFileSync('gzip', ['-k', join(folder, both)])
    await run.output.prepare!(never)
    await expect
      .poll(files, { timeout: 60_000 })
      .toEqual({ [compression === 'gzip' ? `${half}.gz` : half]: 'h', [`${both}.gz`]: 'b', 'auth.ndjson': '' })
    expect(statSync(join(folder, `${both}.gz`)).mtimeMs).toBe(1_000_000_000)
    await run.output.close!()
  })

  it('touches no link, pipe or folder, whatever its name is, and goes on behind it', async () => {
    const { folder, run } = rotating({ keep: { max_files: 1 } })
    const at = (time: string): string => join(folder, `auth-20261130T${time}.000Z.ndjson`)
    const secret = join(tempFolder(), 'secret')
    writeFileSync(secret, 'secret')
    symlinkSync(secret, at('210000'))
    symlinkSync(secret, `${at('210500')}.gz`)
    execFileSync('mkfifo', [at('211000')])
    mkdirSync(at('212000'))
    mkdirSync(`${at('213000')}.gz.tmp`)
    writeFileSync(at('220000'), 'old')
    writeFileSync(at('221000'), 'new')
    symlinkSync(secret, at('222000'))
    const before = readdirSync(folder).filter(name => !/22[01]000/.test(name))
    await run.output.prepare!(never)
    const after = [...before, 'auth-20261130T221000.000Z.ndjson.gz', 'auth.ndjson'].toSorted()
    await expect.poll(() => readdirSync(folder).toSorted(), { timeout: 10_000 }).toEqual(after)
    expect(readFileSync(secret, 'utf8')).toBe('secret')
    await run.output.close!()
  })

  it('does not take the word of a compressed file that somebody else has begun', async () => {
    const { folder, run, files } = rotating({})
    const rotated = 'auth-20261130T220000.000Z.ndjson'
    writeFileSync(join(folder, rotated), 'h')
    writeFileSync(join(folder, `${rotated}.gz`), gzipSync('h').subarray(0, 5))
    await run.output.prepare!(never)
    await expect.poll(() => readdirSync(folder), { timeout: 10_000 }).toEqual([`${rotated}.gz`, 'auth.ndjson'])
    expect(files()).toEqual({ [`${rotated}.gz`]: 'h', 'auth.ndjson': '' })
    await run.output.close!()
  })

  it('goes on with the next one where one can not be compressed', async () => {
    const { folder, run } = rotating({})
    for (const minute of ['00', '10']) writeFileSync(join(folder, `auth-20261130T22${minute}00.000Z.ndjson`), 'h')
    // what is being written has a name that can not be taken
    mkdirSync(join(folder, 'auth-20261130T220000.000Z.ndjson.gz.tmp'))
    await run.output.prepare!(never)
    await expect.poll(() => readdirSync(folder), { timeout: 10_000 }).toContain('auth-20261130T221000.000Z.ndjson.gz')
    expect(readdirSync(folder)).toContain('auth-20261130T220000.000Z.ndjson')
    await run.output.close!()
  })

  it.each(['auth', 'auth.gz', 'auth.ndjson.gz', '.auth'])('knows rotated files of "%s"', async name => {
    const clock = new FakeClock(start)
    const folder = tempFolder()
    const rotate = { max_bytes: 1024, compression: 'none' }
    const run = new FileRun(join(folder, name), { rotate, keep: { max_files: 2 } }, { clock })
    for (const [i, letter] of ['a', 'b', 'c', 'd'].entries()) {
      await run.send([big(letter)], (i + 1) * 1000)
      clock.step(-5000)
    }
    const kept = (): string[] => readdirSync(folder).map(file => readFileSync(join(folder, file), 'utf8')[0]!)
    await expect.poll(() => kept().toSorted(), { timeout: 10_000 }).toEqual(['b', 'c', 'd'])
    await run.output.close!()
  })
})
