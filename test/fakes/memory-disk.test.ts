import fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Disk, reasonOf, systemDisk } from '../../src/inputs/file/disk.ts'
import { tempFolder } from './folder.ts'
import { MemoryDisk } from './memory-disk.ts'

const names = ['a', 'b', 'c'] as const

type Step =
  | { readonly do: 'append' | 'truncate'; readonly name: string; readonly bytes: number }
  | { readonly do: 'rename' | 'link'; readonly name: string; readonly to: string }
  | { readonly do: 'unlink' | 'open'; readonly name: string }
  | { readonly do: 'read' | 'fstat' | 'close' | 'pathOf'; readonly handle: number; readonly at: number }

const name = fc.constantFrom(...names)
const handle = fc.nat({ max: 3 })
const at = fc.nat({ max: 20 })
const bytes = fc.nat({ max: 12 })
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('append', 'truncate'), name, bytes }),
  fc.record({ do: fc.constantFrom('rename', 'link'), name, to: name }),
  fc.record({ do: fc.constantFrom('unlink', 'open'), name }),
  fc.record({ do: fc.constantFrom('read', 'fstat', 'close', 'pathOf'), handle, at })
)

/** What a program does to a folder, and a reader sees of it. */
interface Side {
  readonly folder: string
  readonly reader: Disk
  change(step: Exclude<Step, { readonly handle: number } | { readonly do: 'open' }>): void
}

/** Numbers of inodes in the order in which they are met: the numbers themselves differ. */
class Numbers {
  readonly #known = new Map<string, number>()

  of(ino: bigint, birth: bigint): number {
    const key = `${ino}:${birth}`
    if (!this.#known.has(key)) this.#known.set(key, this.#known.size)
    return this.#known.get(key)!
  }
}

const real = (folder: string): Side => ({
  folder,
  reader: systemDisk,
  change(step) {
    const path = join(folder, step.name)
    if (step.do === 'append') fs.appendFileSync(path, 'x'.repeat(step.bytes))
    else if (step.do === 'truncate') fs.truncateSync(path, step.bytes)
    else if (step.do === 'rename') fs.renameSync(path, join(folder, step.to))
    else if (step.do === 'link') fs.linkSync(path, join(folder, step.to))
    else fs.unlinkSync(path)
  }
})

function inMemory(): Side {
  const disk = new MemoryDisk(() => Date.now())
  return {
    folder: disk.folder,
    reader: disk.process(),
    change(step) {
      if (step.do === 'append') disk.append(step.name, Buffer.from('x'.repeat(step.bytes)))
      else if (step.do === 'truncate') disk.truncate(step.name, step.bytes)
      else if (step.do === 'rename') disk.rename(step.name, step.to)
      else if (step.do === 'link') disk.link(step.name, step.to)
      else disk.unlink(step.name)
    }
  }
}

function attempt(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return reasonOf(error)
  }
}

/** What a reader sees after each step. */
function watch(side: Side, steps: readonly Step[]): unknown[] {
  const { folder, reader } = side
  const open: number[] = []
  const numbers = new Numbers()
  const take = (step: Step): unknown => {
    if (step.do === 'open') return void open.push(reader.open(join(folder, step.name)))
    if (!('handle' in step)) return side.change(step)
    const fd = open[step.handle]
    if (fd === undefined) return 'not open'
    if (step.do === 'close') {
      reader.close(fd)
      return void open.splice(step.handle, 1)
    }
    if (step.do === 'fstat') return look(reader.fstat(fd))
    if (step.do === 'pathOf') return reader.fstat(fd).nlink === 0n ? 'gone' : typeof reader.pathOf(fd)
    const [first, second] = [Buffer.alloc(3), Buffer.alloc(5)]
    return [reader.read(fd, [first, second], step.at), first.toString(), second.toString()]
  }
  const look = (stat: ReturnType<Disk['fstat']>): unknown => {
    return [Number(stat.size), Number(stat.nlink), stat.isFile(), numbers.of(stat.ino, stat.birthtimeNs)]
  }
  try {
    return steps.map(step => [
      attempt(() => take(step)),
      reader.list(folder).toSorted((a, b) => a.name.localeCompare(b.name)),
      names.map(each => attempt(() => look(reader.lstat(join(folder, each))!)))
    ])
  } finally {
    for (const fd of open) reader.close(fd)
  }
}

it('does what the file system does', () => {
  const root = tempFolder()
  let run = 0
  fc.assert(
    fc.property(fc.array(anyStep, { size: 'max', maxLength: 40 }), steps => {
      const folder = join(root, String(run++))
      fs.mkdirSync(folder)
      expect(watch(inMemory(), steps)).toEqual(watch(real(folder), steps))
    }),
    { numRuns: 300 }
  )
})

it('gives a free number to the next file, and not before the last descriptor is closed', () => {
  const disk = new MemoryDisk(() => Date.now())
  const { ino } = disk.append('a', Buffer.from('x'))
  const reader = disk.process()
  const fd = reader.open(join(disk.folder, 'a'))
  disk.unlink('a')
  expect(disk.append('b', Buffer.from('y')).ino).not.toBe(ino)
  reader.close(fd)
  expect(disk.append('c', Buffer.from('z')).ino).toBe(ino)
})

it('shows nothing to a process that was killed, and closes what it had open', () => {
  const disk = new MemoryDisk(() => Date.now())
  const { ino } = disk.append('a', Buffer.from('x'))
  const reader = disk.process()
  reader.open(join(disk.folder, 'a'))
  disk.unlink('a')
  reader.kill()
  expect(() => reader.list(disk.folder)).toThrow('EIO')
  expect(disk.append('b', Buffer.from('y')).ino).toBe(ino)
})
