import fs from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Slots } from '../../src/inputs/file/slots.ts'
import { type Call, FaultyDisk } from '../fakes/disk.ts'
import { lines, Logs, texts } from './logs.ts'
import type { Run } from './run.ts'

const { at, append, follow } = new Logs()
const packers = { gz: gzipSync, zst: zstdCompressSync } as const
const formats = ['gz', 'zst'] as const

/** Time passes, and what is decompressed in the background is. */
async function pass(run: Run, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await run.pass(500)
    for (let before = -1; before < run.rows.length; ) {
      before = run.rows.length
      await delay(10)
      run.read()
    }
  }
}

/** Until what is decompressed in the background has come to something. */
async function passUntil(run: Run, isOver: () => boolean): Promise<void> {
  while (!isOver()) await pass(run, 500)
}

/** Until so many rows have come, and on for so long: no more of them may. */
async function passRows(run: Run, rows: number, ms: number): Promise<void> {
  await passUntil(run, () => run.rows.length >= rows)
  await pass(run, ms)
}

function pack(name: string, packed: string, format: 'gz' | 'zst'): void {
  fs.writeFileSync(at(packed), packers[format](fs.readFileSync(at(name))))
}

const places = formats.flatMap(format => [
  { format, glob: '*.log*', compression: 'auto' as const },
  { format, glob: '*.log*', compression: 'none' as const },
  { format, glob: '*.log', compression: 'none' as const }
])

test.each(places)(
  'a file that was rotated and compressed goes on in the archive (.$format, $glob, $compression)',
  async place => {
    const { format, glob, compression } = place
    append('a.log', lines(0, 5000))
    const run = await follow(glob, { compression })
    await run.stop()
    append('a.log', lines(5000, 9000))
    fs.renameSync(at('a.log'), at('a.log.1'))
    pack('a.log.1', `a.log.1.${format}`, format)
    fs.unlinkSync(at('a.log.1'))
    append('a.log', lines(9000, 9100))
    const second = await follow(glob, { compression })
    await passRows(second, 4100, 20_000)
    expect(second.texts.toSorted()).toEqual(texts(5000, 9100).toSorted())
    expect(second.rows.find(row => row.text === 'line 8999 of many')?.id).toBe(run.rows[0]!.id)
    expect(second.lost).toEqual([])
    await second.stop()
    const third = await follow(glob, { compression })
    await pass(third, 20_000)
    expect(third.texts).toEqual([])
  }
)

test.each(places)(
  'copytruncate and compression at once, while it runs (.$format, $glob, $compression)',
  async place => {
    const { format, glob, compression } = place
    append('a.log', lines(0, 100))
    const run = await follow(glob, { compression })
    append('a.log', lines(100, 6000))
    pack('a.log', `a.log.1.${format}`, format)
    fs.truncateSync(at('a.log'), 0)
    append('a.log', lines(6000, 6100))
    await passRows(run, 6100, 20_000)
    expect(run.texts.toSorted()).toEqual(texts(0, 6100).toSorted())
    expect(run.lost).toEqual([])
  }
)

test.each(formats)('a finished file is not read again from its .%s', async format => {
  append('a.log', lines(0, 100))
  const run = await follow('*.log*', { compression: 'auto' })
  fs.renameSync(at('a.log'), at('a.log.1'))
  append('a.log', lines(100, 110))
  await pass(run, 6000)
  const packed = packers[format](fs.readFileSync(at('a.log.1')))
  fs.writeFileSync(at(`a.log.1.${format}`), packed.subarray(0, 60))
  await pass(run, 4000)
  fs.writeFileSync(at(`a.log.1.${format}`), packed)
  await pass(run, 3000)
  fs.unlinkSync(at('a.log.1'))
  await pass(run, 20_000)
  expect(run.texts).toEqual(texts(0, 110))
  await run.stop()
  fs.renameSync(at(`a.log.1.${format}`), at(`a.log.2.${format}`))
  const second = await follow('*.log*', { compression: 'auto' })
  await pass(second, 15_000)
  expect(second.texts).toEqual([])
})

test.each(places)(
  'a file that is gone before its archive can be read is not read again from that (.$format, $glob, $compression)',
  async ({ format, glob, compression }) => {
    append('a.log', lines(0, 100))
    const run = await follow(glob, { compression })
    fs.renameSync(at('a.log'), at('a.log.1'))
    append('a.log', lines(100, 110))
    await pass(run, 1000)
    const packed = packers[format](fs.readFileSync(at('a.log.1')))
    fs.writeFileSync(at(`a.log.1.${format}`), packed.subarray(0, 60))
    fs.unlinkSync(at('a.log.1'))
    await pass(run, 5000)
    fs.writeFileSync(at(`a.log.1.${format}`), packed)
    await pass(run, 30_000)
    expect(run.texts).toEqual(texts(0, 110))
    expect(run.lost).toEqual([])
  }
)

test.each(formats)('archives are read whole where that is asked for, once (.%s)', async format => {
  fs.writeFileSync(
    at(`old.log.${format}`),
    Buffer.concat([packers[format](lines(0, 40_000)), packers[format](lines(40_000, 50_000))])
  )
  fs.writeFileSync(at('plain.log.gz'), lines(0, 3))
  const run = await follow('*.log*', { compression: 'auto' })
  await passRows(run, 50_003, 8000)
  expect(run.rows.filter(row => row.path.endsWith(`old.log.${format}`)).map(row => row.text)).toEqual(texts(0, 50_000))
  expect(run.rows.filter(row => row.path.endsWith('plain.log.gz'))).toHaveLength(3)
  await run.stop()
  fs.appendFileSync(at(`old.log.${format}`), packers[format](lines(50_000, 50_010)))
  const second = await follow('*.log*', { compression: 'auto' })
  await passRows(second, 10, 8000)
  expect(second.texts).toEqual(texts(50_000, 50_010))
  expect(second.rows[0]!.position).toBe(lines(0, 50_000).length)
})

test.each(['auto', 'none'] as const)(
  'a file with the name of an archive is one by what it holds (%s)',
  async compression => {
    append('a.log.gz', '')
    const run = await follow('*.log*', { compression })
    expect(run.follower.problems).toEqual([])
    expect(run.follower.notes).toMatchObject([{ reason: 'no_line', files: 1 }])
    append('a.log.gz', lines(0, 3))
    await pass(run, 8000)
    expect(run.texts).toEqual(texts(0, 3))
  }
)

test('an archive that is none any more is reported, and is not kept open', async () => {
  fs.writeFileSync(at('old.log.gz'), gzipSync(lines(0, 3)))
  const faulty = new FaultyDisk()
  const run = await follow('*.log*', { compression: 'auto' }, { disk: faulty.disk })
  await passRows(run, 3, 8000)
  fs.writeFileSync(at('old.log.gz'), lines(0, 3))
  await passUntil(run, () => run.follower.problems.length > 0)
  expect(run.follower.problems).toMatchObject([
    { path: at('old.log.gz'), reason: expect.stringContaining('not compressed any more') as string }
  ])
  fs.unlinkSync(at('old.log.gz'))
  await pass(run, 40_000)
  expect(faulty.open).toBe(0)
  expect(run.texts).toEqual(texts(0, 3))
})

test('archives are left alone where nobody asked for them', async () => {
  fs.writeFileSync(at('old.log.gz'), gzipSync(lines(0, 10)))
  const run = await follow('*.log*')
  await pass(run, 8000)
  expect(run.texts).toEqual([])
  expect(run.follower.notes.map(note => note.reason)).toContain('compressed')
})

test('a kill in the middle of an archive repeats what was not settled, under the same ids', async () => {
  fs.writeFileSync(at('old.log.gz'), gzipSync(lines(0, 50_000)))
  const killed = await follow('*.log*', { compression: 'auto' }, { settles: false })
  await passUntil(killed, () => killed.rows.length > 100)
  killed.follower.stop()
  const second = await follow('*.log*', { compression: 'auto' })
  await passRows(second, 50_000, 5000)
  expect(second.texts).toEqual(texts(0, 50_000))
  expect(second.rows[100]).toEqual(killed.rows[100])
})

test.each(['written anew', 'replaced', 'deleted'])(
  'an archive that was %s before it was read is counted',
  async how => {
    const packed = gzipSync(lines(0, 50_000))
    fs.writeFileSync(at('old.log.gz'), packed)
    const killed = await follow('*.log*', { compression: 'auto' }, { settles: false })
    await passUntil(killed, () => killed.rows.length === 50_000)
    killed.commit()
    killed.follower.stop()
    if (how !== 'written anew') fs.unlinkSync(at('old.log.gz'))
    if (how !== 'deleted') fs.writeFileSync(at('old.log.gz'), gzipSync(lines(60_000, 60_010)))
    const second = await follow('*.log*', { compression: 'auto' })
    await pass(second, 15_000)
    await passUntil(second, () => second.lost.length > 0 && (how === 'deleted' || second.rows.length > 0))
    expect(second.texts).toEqual(how === 'deleted' ? [] : texts(60_000, 60_010))
    const reason = how === 'written anew' ? 'truncated_gap' : 'deleted_unread'
    expect(second.lost).toMatchObject([{ reason, path: at('old.log.gz') }])
    // How much of what was read is gone with it shows only at its end: no less than what is left of it on disk.
    expect(second.lost[0]!.bytes).toBeGreaterThanOrEqual(packed.length)
    await second.stop()
    const third = await follow('*.log*', { compression: 'auto' })
    await pass(third, 15_000)
    expect([third.texts, third.lost]).toEqual([[], []])
  }
)

test('what an archive lacks at its end, or holds damaged, is counted, and the rest is read', async () => {
  const whole = gzipSync(lines(0, 100_000))
  fs.writeFileSync(at('cut.log.gz'), whole.subarray(0, whole.length >> 1))
  const flipped = Buffer.from(whole)
  flipped[whole.length >> 1]! ^= 0x40
  fs.writeFileSync(at('flipped.log.gz'), flipped)
  const run = await follow('*.log*', { compression: 'auto' })
  await pass(run, 30_000)
  const errors = (code: string) => run.meter.of('collector_input_errors_total', 'logs', `archive ${code}`).value
  await passUntil(run, () => errors('Z_BUF_ERROR') + errors('Z_DATA_ERROR') === 2)
  for (const name of ['cut.log.gz', 'flipped.log.gz']) {
    const rows = run.rows.filter(row => row.path === at(name))
    expect(rows.length).toBeGreaterThan(45_000)
    // What stands behind a damaged bit is wrong before that shows.
    expect(rows.slice(0, 45_000).map(row => row.text)).toEqual(texts(0, 45_000))
  }
  const [lost] = run.lost
  expect(run.lost).toEqual([{ reason: 'corrupt_archive', path: at('flipped.log.gz'), bytes: lost!.bytes }])
  expect(lost!.bytes).toBeGreaterThan(0)
  expect(lost!.bytes).toBeLessThanOrEqual(whole.length - (whole.length >> 1))
  // What the other one lacks nobody knows.
  expect([errors('Z_BUF_ERROR'), errors('Z_DATA_ERROR')]).toEqual([1, 1])
})

const damages = [
  // A block of a kind that there is not.
  {
    format: 'gz',
    sound: gzipSync(lines(0, 1000), { finishFlush: constants.Z_SYNC_FLUSH }),
    damage: Buffer.alloc(9, 7)
  },
  { format: 'zst', sound: zstdCompressSync(lines(0, 1000)), damage: Buffer.from('no frame') }
]

test.each(damages)('all that stands in front of damage is delivered, also what is near (.$format)', async one => {
  const { format, sound, damage } = one
  fs.writeFileSync(at(`a.log.${format}`), Buffer.concat([sound, damage, Buffer.alloc(100_000, 'x')]))
  const run = await follow('*.log*', { compression: 'auto' })
  await passUntil(run, () => run.lost.length > 0)
  expect(run.texts).toEqual(texts(0, 1000))
  const [lost] = run.lost
  expect(run.lost).toEqual([{ reason: 'corrupt_archive', path: at(`a.log.${format}`), bytes: lost!.bytes }])
  expect(Math.abs(lost!.bytes - damage.length - 100_000)).toBeLessThan(10)
})

test('an archive of zstd may begin with a frame that is to be skipped', async () => {
  const skipped = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  fs.writeFileSync(at('a.log.zst'), Buffer.concat([skipped, zstdCompressSync(lines(0, 100))]))
  const run = await follow('*.log*', { compression: 'auto' })
  await passUntil(run, () => run.rows.length > 0)
  expect(run.texts).toEqual(texts(0, 100))
  expect(run.lost).toEqual([])
})

test('an archive of which nothing can be decompressed is not passed over in silence', async () => {
  fs.writeFileSync(at('cut.log.gz'), gzipSync(lines(0, 10)).subarray(0, 2))
  const damaged = Buffer.concat([gzipSync('').subarray(0, 10), Buffer.alloc(100, 7)])
  fs.writeFileSync(at('damaged.log.gz'), damaged)
  const run = await follow('*.log*', { compression: 'auto' })
  await pass(run, 30_000)
  await passUntil(run, () => run.lost.length > 0 && run.follower.problems.length > 0)
  expect(run.rows).toEqual([])
  expect(run.lost).toEqual([{ reason: 'corrupt_archive', path: at('damaged.log.gz'), bytes: 100 }])
  expect(run.follower.problems).toEqual([{ path: at('cut.log.gz'), reason: expect.stringContaining('cut short') }])
  expect(run.meter.of('collector_input_errors_total', 'logs', 'archive Z_DATA_ERROR').value).toBe(1)
  await run.stop()
  const second = await follow('*.log*', { compression: 'auto' })
  await pass(second, 30_000)
  expect(second.lost).toEqual([])
})

test('what a damaged archive lacks is counted once its file can be asked for its size', async () => {
  const packed = gzipSync(lines(0, 100_000))
  packed[packed.length >> 1]! ^= 0x40
  fs.writeFileSync(at('flipped.log.gz'), packed)
  const faulty = new FaultyDisk()
  let before: Call | undefined
  let failed = 0
  faulty.fault = call => {
    const isOpening = before === 'open'
    before = call
    if (call !== 'fstat' || isOpening || failed === 3) return undefined
    failed++
    return 'ESTALE'
  }
  const run = await follow('*.log*', { compression: 'auto' }, { disk: faulty.disk })
  await passUntil(run, () => run.lost.length > 0)
  expect(failed).toBe(3)
  expect(run.lost).toMatchObject([{ reason: 'corrupt_archive' }])
})

test('an archive that holds unbelievably much is given up', async () => {
  fs.writeFileSync(at('bomb.log.zst'), zstdCompressSync(Buffer.alloc(1 << 28, 'x\n')))
  const run = await follow('*.log*', { compression: 'auto' })
  for (let look = 0; look < 1000 && run.lost.length === 0; look++) await pass(run, 500)
  const read = run.rows.length * 2
  expect(read).toBeGreaterThan(1 << 20)
  expect(read).toBeLessThan(1 << 26)
  expect(run.lost).toMatchObject([{ reason: 'corrupt_archive' }])
})

test('a place that comes free is taken by whoever asks first, and comes free again', () => {
  const slots = new Slots(1)
  const called: string[] = []
  const ask = (name: string) => (): void => void called.push(name)
  const [a, b, c] = [ask('a'), ask('b'), ask('c')]
  expect(slots.take(a)).toBe(true)
  expect(slots.take(b)).toBe(false)
  expect(slots.take(c)).toBe(false)
  slots.free()
  expect(called).toEqual(['b'])
  expect(slots.take(c)).toBe(true)
  expect(slots.take(b)).toBe(false)
  slots.free()
  expect(called).toEqual(['b', 'b'])
  expect(slots.take(b)).toBe(true)
  expect(slots.take(a)).toBe(false)
  slots.leave(a)
  slots.free()
  expect(called).toEqual(['b', 'b'])
})
