import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { FollowPlan } from '../../src/config/define.ts'
import { doMeet, Lookout } from '../../src/inputs/file/reach.ts'
import { tempFolder } from '../fakes/folder.ts'

const mounts = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:50 / /mnt/logs rw,relatime shared:1 master:2 - nfs4 server:/logs rw,vers=4.2
31 27 0:51 / /mnt/my\\040share rw - cifs //server/share rw
32 27 0:52 / /srv/app/logs rw - fuse.sshfs host:/ rw
33 27 0:53 / /over rw - autofs systemd-1 rw
34 33 0:54 / /over rw - ext4 /dev/vdb rw
35 27 0:55 / /disk rw - fuseblk /dev/vdc rw
`

function plan(paths: readonly string[], more: Partial<FollowPlan> = {}): FollowPlan {
  return { paths, followSymlinks: false, linkRoots: [], rotatedTo: [], ...more } as FollowPlan
}

async function mountsOf(paths: readonly string[], more: Partial<FollowPlan> = {}, list = mounts): Promise<string[]> {
  const lookout = new Lookout(list)
  return [...lookout.mountsOn(await lookout.waysTo(plan(paths, more)))]
}

test.each([
  ['/mnt/logs/a.log', '/mnt/logs'],
  ['/mnt/logs/*/*.log', '/mnt/logs'],
  ['/mnt/**/*.log', '/mnt/logs', '/mnt/my share'],
  ['/mnt/*/deep/*.log', '/mnt/logs', '/mnt/my share'],
  ['/mnt/my share/x.log', '/mnt/my share'],
  ['/srv/*/logs/a.log', '/srv/app/logs'],
  ['/srv/app/*.log'],
  ['/mnt/logs.d/*.log'],
  ['/mnt/logs2/a.log'],
  ['/srv/other/**'],
  // what is mounted over it counts, and a disk is no server
  ['/over/*.log'],
  ['/disk/*.log']
])('%s leads over the mounts of servers that lie on its way', async (path, ...expected) => {
  expect((await mountsOf([path])).toSorted()).toEqual(expected)
})

test('links and the folders that files are rotated to count', async () => {
  const folder = tempFolder()
  symlinkSync('/mnt/logs', join(folder, 'far'))
  symlinkSync('far/deep', join(folder, 'further'))
  mkdirSync(join(folder, 'near'))
  expect(await mountsOf([join(folder, 'further/*.log')])).toEqual(['/mnt/logs'])
  expect(await mountsOf([join(folder, 'near/*.log')])).toEqual([])
  expect(await mountsOf([join(folder, 'near/*.log')], { rotatedTo: ['/mnt/logs/old'] })).toEqual(['/mnt/logs'])
  const linkRoots = [join(folder, 'far')]
  expect(await mountsOf([join(folder, 'near/*.log')], { linkRoots })).toEqual([])
  expect(await mountsOf([join(folder, 'near/*.log')], { linkRoots, followSymlinks: true })).toEqual(['/mnt/logs'])
})

test('a root that is on a server is on the way to everything', async () => {
  const list = '27 1 0:30 / / rw - nfs server:/root rw\n'
  expect(await mountsOf(['/var/log/*.log'], {}, list)).toEqual(['/'])
})

test('links that lead in a circle are followed no further', async () => {
  const folder = tempFolder()
  symlinkSync('b', join(folder, 'a'))
  symlinkSync('a', join(folder, 'b'))
  expect(await mountsOf([join(folder, 'a/*.log')])).toEqual([])
})

test.each([
  ['/var/log/*.log', '/var/log/a.log', true],
  ['/var/log/*.log', '/var/log/deep/a.log', false],
  ['/var/log/**', '/var/log/deep/a.log', true],
  ['/var/log/{a,b}.log', '/var/log/b.log', true],
  ['/var/log/a*.log', '/var/log/b.log', false],
  ['/var/log/a*.log', '/var/log/*b.log', true],
  ['/var/log/a.log', '/srv/a.log', false]
])('%s and %s meet: %s', async (one, other, isSo) => {
  const lookout = new Lookout('')
  expect(doMeet(await lookout.waysTo(plan([one])), await lookout.waysTo(plan([other])))).toBe(isSo)
})

test('paths meet behind links', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'here'))
  writeFileSync(join(folder, 'here/a.log'), '')
  symlinkSync(join(folder, 'here/a.log'), join(folder, 'a.log'))
  const lookout = new Lookout('')
  const direct = await lookout.waysTo(plan([join(folder, 'here/*.log')]))
  expect(doMeet(direct, await lookout.waysTo(plan([join(folder, 'a.log')])))).toBe(true)
})
