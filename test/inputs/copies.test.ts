import fs from 'node:fs'
import { expect, test } from 'vitest'
import { lines, Logs, texts } from './logs.ts'
import { followInput } from './run.ts'

const logs = new Logs()
const { at, append, follow } = logs

function copyTruncate(name: string, copy: string): void {
  fs.copyFileSync(at(name), at(copy))
  fs.truncateSync(at(name), 0)
}

/** Where the copies are: found by a pattern, beside the file, or in another directory. */
const places = [
  { glob: '*.log*', copy: 'a.log.1', rotatedTo: [] },
  { glob: '*.log', copy: 'a.log.1', rotatedTo: [] },
  { glob: '*.log', copy: 'a-20261122.log', rotatedTo: [] },
  { glob: '*.log', copy: 'old/a.log.1', rotatedTo: ['old'] }
]

test.each(places)('what was not read before copytruncate is read from $copy (paths: $glob)', async place => {
  fs.mkdirSync(at('old'))
  append('a.log', lines(0, 100))
  const run = await follow(place.glob, { rotatedTo: place.rotatedTo.map(at) })
  append('a.log', lines(100, 300))
  copyTruncate('a.log', place.copy)
  append('a.log', lines(300, 310))
  await run.pass(30_000)
  expect(run.texts.toSorted()).toEqual(texts(0, 310).toSorted())
  expect(run.lost).toEqual([])
  expect(new Set(run.rows.map(row => row.id)).size).toBe(2)
  expect(run.rows.find(row => row.text === 'line 299 of many')?.id).toBe(run.rows[0]!.id)
  await run.stop()
  const second = await follow(place.glob, { rotatedTo: place.rotatedTo.map(at) })
  await second.pass(15_000)
  expect(second.texts).toEqual([])
})

/** Copied and truncated while no run was there; returns what the next one follows. */
async function rotatedWhileStopped({ glob, copy, rotatedTo }: (typeof places)[number]) {
  fs.mkdirSync(at('old'))
  const more = { rotatedTo: rotatedTo.map(at) }
  append('a.log', lines(0, 100))
  await (await follow(glob, more)).stop()
  append('a.log', lines(100, 300))
  copyTruncate('a.log', copy)
  append('a.log', lines(300, 400))
  return more
}

test.each(places)('the same while it was stopped ($copy, paths: $glob)', async place => {
  const more = await rotatedWhileStopped(place)
  const run = await follow(place.glob, more)
  await run.pass(30_000)
  expect(run.texts.toSorted()).toEqual(texts(100, 400).toSorted())
  expect(run.lost).toEqual([])
  await run.stop()
  const second = await follow(place.glob, more)
  await second.pass(15_000)
  expect(second.texts).toEqual([])
})

test.each(places)('a kill while the copy is read costs and repeats nothing ($copy, paths: $glob)', async place => {
  const more = await rotatedWhileStopped(place)
  const killed = await follow(place.glob, more, { settles: false })
  await killed.pass(3000)
  killed.follower.stop()
  const run = await follow(place.glob, more)
  await run.pass(15_000)
  expect(run.texts.toSorted()).toEqual(texts(100, 400).toSorted())
  const known = new Map(killed.rows.map(row => [row.text, `${row.id} ${row.position}`]))
  for (const row of run.rows) expect(known.get(row.text)).toBe(`${row.id} ${row.position}`)
})

test('a copy that the patterns find before the file is truncated is not read as a new file', async () => {
  append('a.log', lines(0, 100))
  const run = await follow('*.log*')
  fs.writeFileSync(at('a.log.1'), lines(0, 40))
  await run.pass(8000)
  append('a.log', lines(100, 120))
  append('a.log.1', lines(40, 120))
  await run.pass(8000)
  fs.truncateSync(at('a.log'), 0)
  append('a.log', lines(120, 130))
  await run.pass(30_000)
  expect(run.texts).toEqual(texts(0, 130))
})

test('what was written between the copy and the truncation, and read in time, is not lost; the rest is counted', async () => {
  append('a.log', lines(0, 100))
  const run = await follow('*.log*')
  fs.copyFileSync(at('a.log'), at('a.log.1'))
  append('a.log', lines(100, 110))
  await run.pass(1000)
  append('a.log', lines(110, 150))
  // Looked at, and not read.
  run.follower.scan()
  fs.truncateSync(at('a.log'), 0)
  append('a.log', lines(150, 160))
  await run.pass(30_000)
  expect(run.texts).toEqual([...texts(0, 110), ...texts(150, 160)])
  expect(run.lost).toEqual([{ reason: 'truncated_gap', bytes: lines(110, 150).length, path: at('a.log') }])
})

test('a copy ends before what was read of the file, however much that was', async () => {
  append('a.log', lines(0, 50))
  const run = await follow('*.log*')
  for (let round = 1; round <= 40; round++) {
    append('a.log', lines(round * 50, round * 50 + 50))
    await run.pass(250)
    if (round === 20) fs.copyFileSync(at('a.log'), at('copy'))
  }
  fs.renameSync(at('copy'), at('a.log.1'))
  fs.truncateSync(at('a.log'), 0)
  await run.pass(30_000)
  expect(run.texts).toEqual(texts(0, 2050))
})

test('a file that only looks like the copy of another one is read after ten seconds', async () => {
  append('a.log', lines(0, 10))
  append('a-2.log', lines(0, 10))
  append('b.log', lines(0, 10))
  const run = await follow('*.log')
  await run.pass(5000)
  expect(run.texts).toHaveLength(20)
  await run.pass(10_000)
  expect(run.texts).toHaveLength(30)
  append('a-2.log', lines(10, 12))
  fs.truncateSync(at('a.log'), 0)
  await run.pass(2000)
  expect(run.texts).toHaveLength(32)
})

test('a file that was copied and deleted goes on in the copy', async () => {
  append('a.log', lines(0, 10))
  await (await follow('*.log*')).stop()
  append('a.log', lines(10, 20))
  fs.copyFileSync(at('a.log'), at('a.log.1'))
  fs.unlinkSync(at('a.log'))
  append('a.log', lines(20, 30))
  const run = await follow('*.log*')
  await run.pass(30_000)
  expect(run.texts.toSorted()).toEqual(texts(10, 30))
  expect(run.lost).toEqual([])
  // Now while it runs.
  append('a.log', lines(30, 40))
  fs.renameSync(at('a.log.1'), at('a.log.2'))
  fs.copyFileSync(at('a.log'), at('a.log.1'))
  fs.unlinkSync(at('a.log'))
  append('a.log', lines(40, 50))
  await run.pass(30_000)
  expect(run.texts.toSorted()).toEqual(texts(10, 50))
  expect(run.lost).toEqual([])
})

test('copies that count up by copying are read once', async () => {
  append('a.log', lines(0, 10))
  const run = await follow('*.log*')
  for (let round = 1; round <= 5; round++) {
    if (round > 2) fs.copyFileSync(at('a.log.2'), at('a.log.3'))
    if (round > 1) fs.copyFileSync(at('a.log.1'), at('a.log.2'))
    copyTruncate('a.log', 'a.log.1')
    append('a.log', lines(round * 10, round * 10 + 10))
    await run.pass(3000)
  }
  await run.pass(30_000)
  expect(run.texts).toEqual(texts(0, 60))
})

test.each(['a scan', 'a read'])(
  'a file of which nothing was read yet goes on in its copy, where %s finds that out',
  async who => {
    append('a.log', lines(0, 200))
    const run = logs.run(followInput([at('*.log*')]))
    await run.follower.start()
    copyTruncate('a.log', 'a.log.1')
    append('a.log', lines(200, 210))
    if (who === 'a scan') run.follower.scan()
    else run.read()
    await run.pass(15_000)
    expect(run.texts.toSorted()).toEqual(texts(0, 210).toSorted())
    expect(run.lost).toEqual([])
  }
)

test('a file that was replaced by a longer one, as editors do, goes on where it was, while it runs and while it is stopped', async () => {
  append('a.log', lines(0, 100))
  let run = await follow('*.log')
  const all: string[] = []
  for (let round = 1; round <= 3; round++) {
    if (round > 2) {
      await run.stop()
      all.push(...run.texts)
    }
    fs.writeFileSync(at('new'), lines(0, 100 + round * 10))
    fs.renameSync(at('new'), at('a.log'))
    if (round > 2) run = await follow('*.log')
    await run.pass(15_000)
  }
  expect([...all, ...run.texts]).toEqual(texts(0, 130))
})

test('a new file under the same name with the same first lines is read from its beginning', async () => {
  append('a.log', lines(0, 100))
  const run = await follow('*.log')
  for (const size of [90, 150]) {
    fs.unlinkSync(at('a.log'))
    await run.pass(1500)
    append('a.log', lines(0, 80) + lines(1000, 1000 + size - 80))
    await run.pass(15_000)
  }
  expect(run.texts).toHaveLength(100 + 90 + 150)
})
