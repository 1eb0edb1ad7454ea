import fs from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { Heat } from '../../src/inputs/file/heat.ts'
import { Wakes } from '../../src/inputs/file/wakes.ts'
import { FakeClock } from '../fakes/clock.ts'
import { tempFolder } from '../fakes/folder.ts'

const patienceMs = 60_000
let close: () => void = () => {}
afterEach(() => close())

function watching(...folders: string[]): { wakes: Wakes; woken: string[]; clock: FakeClock; warned: string[] } {
  const woken: string[] = []
  const warned: string[] = []
  const clock = new FakeClock()
  const log = { ...silentLog, warn: (message: string) => void warned.push(message) }
  const wakes = new Wakes((path, isRenamed) => void woken.push(`${isRenamed ? 'name' : 'bytes'} ${path}`), {
    log,
    clock
  })
  close = () => wakes.close()
  wakes.watch(new Set(folders))
  return { wakes, woken, clock, warned }
}

async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + patienceMs
  while (!isSo()) {
    if (performance.now() > end) throw new Error('Not woken')
    await delay(5)
  }
}

test('wakes tell a file that grew from a name that came', async () => {
  const folder = tempFolder()
  const path = join(folder, 'a.log')
  fs.writeFileSync(path, 'one\n')
  const { woken } = watching(folder)
  fs.appendFileSync(path, 'two\n')
  await until(() => woken.includes(`bytes ${path}`))
  expect(woken).not.toContain(`name ${path}`)
  fs.renameSync(path, `${path}.1`)
  await until(() => woken.includes(`name ${path}.1`))
})

test('wakes tell of the last change of a burst', async () => {
  const path = join(tempFolder(), 'a.log')
  fs.writeFileSync(path, '')
  const seen: number[] = []
  const parts = { log: silentLog, clock: new FakeClock() }
  const wakes = new Wakes(() => void seen.push(fs.statSync(path).size), parts)
  close = () => wakes.close()
  wakes.watch(new Set([join(path, '..')]))
  for (let write = 0; write < 500; write++) {
    fs.appendFileSync(path, 'x')
    if (write % 50 === 0) await delay(1)
  }
  await until(() => seen.at(-1) === 500)
})

test('wakes watch a folder again that was replaced, and none that nobody wants', async () => {
  const folder = join(tempFolder(), 'logs')
  fs.mkdirSync(folder)
  const { wakes, woken } = watching(folder, '/nowhere')
  fs.renameSync(folder, `${folder}.old`)
  await until(() => woken.length > 0)
  expect(woken[0]).toBe(`name ${join(folder, basename(folder))}`)
  fs.mkdirSync(folder)
  wakes.watch(new Set([folder]))
  fs.writeFileSync(join(folder, 'b.log'), '')
  await until(() => woken.includes(`name ${join(folder, 'b.log')}`))
  wakes.watch(new Set())
  fs.writeFileSync(join(folder, 'c.log'), '')
  // Nothing is to come: it would within a few ms.
  await delay(20)
  expect(woken).not.toContain(`name ${join(folder, 'c.log')}`)
})

test('wakes watch the folder that is at a path now, though nothing tells that it is another one', async () => {
  const root = tempFolder()
  const folder = join(root, 'app/logs')
  const link = join(root, 'current')
  for (const path of ['app/logs', 'v1', 'v2']) fs.mkdirSync(join(root, path), { recursive: true })
  fs.symlinkSync('v1', link)
  const { wakes, woken } = watching(folder, link)
  fs.renameSync(join(root, 'app'), join(root, 'app.old'))
  fs.mkdirSync(folder, { recursive: true })
  fs.symlinkSync('v2', `${link}.new`)
  fs.renameSync(`${link}.new`, link)
  wakes.watch(new Set([folder, link]))
  for (const path of [folder, link]) fs.writeFileSync(join(path, 'a.log'), '')
  await until(() => [folder, link].every(path => woken.includes(`name ${join(path, 'a.log')}`)))
  fs.writeFileSync(join(root, 'app.old/logs/b.log'), '')
  fs.writeFileSync(join(folder, 'c.log'), '')
  await until(() => woken.includes(`name ${join(folder, 'c.log')}`))
  expect(woken).not.toContain(`name ${join(folder, 'b.log')}`)
})

test('wakes try again after a minute what the limits of the system did not allow, and warn once', async () => {
  const folders = [tempFolder(), tempFolder()]
  const full = Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' })
  const watch = vi.spyOn(fs, 'watch').mockImplementation(() => {
    throw full
  })
  onTestFinished(() => watch.mockRestore())
  const { wakes, woken, clock, warned } = watching(...folders)
  expect(watch).toHaveBeenCalledTimes(2)
  watch.mockRestore()
  clock.move(59_000)
  wakes.watch(new Set(folders))
  fs.writeFileSync(join(folders[0]!, 'early.log'), '')
  clock.move(1000)
  wakes.watch(new Set(folders))
  for (const folder of folders) fs.writeFileSync(join(folder, 'a.log'), '')
  await until(() => folders.every(folder => woken.includes(`name ${join(folder, 'a.log')}`)))
  expect(woken).not.toContain(`name ${join(folders[0]!, 'early.log')}`)
  expect(warned).toHaveLength(1)
})

test('a file is looked at again behind growth that nobody announced, and while it is hot', () => {
  const heat = new Heat()
  heat.grow(0)
  expect(heat.isWarm(100)).toBe(true)
  heat.leaveToEvents()
  expect(heat.isWarm(1)).toBe(false)
  heat.stir(1000)
  heat.grow(1001)
  heat.leaveToEvents()
  expect(heat.isWarm(1800)).toBe(true)
  heat.grow(1500)
  heat.leaveToEvents()
  expect(heat.isWarm(11_000)).toBe(true)
})
