import fc from 'fast-check'
import type { MemoryInode } from '../fakes/memory-disk.ts'
import type { World } from './world.ts'

const files = ['a.log', 'b.log'] as const
const hourMs = 3_600_000

/** What may happen, as plain data: a sequence can be kept as JSON. */
export type Action =
  | { readonly do: 'append'; readonly file: number; readonly lines: number; readonly filler: number }
  /** A line without an end. */
  | { readonly do: 'open'; readonly file: number; readonly filler: number }
  | { readonly do: 'rotate'; readonly file: number; readonly reopens: boolean }
  /** `isNamed`: the copy has the name that a rotation gives it. */
  | { readonly do: 'copytruncate'; readonly file: number; readonly gap: number; readonly isNamed?: boolean }
  | { readonly do: 'truncate'; readonly file: number }
  | { readonly do: 'delete'; readonly file: number; readonly reopens: boolean }
  | { readonly do: 'recreate'; readonly file: number; readonly lines: number }
  | { readonly do: 'link'; readonly file: number }
  | { readonly do: 'replace'; readonly file: number; readonly lines: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'hang' | 'ack' | 'nack' | 'half' | 'cut' }
  | { readonly do: 'state'; readonly mode: 'ok' | 'slow' | 'full' }
  | { readonly do: 'kill' | 'stop' | 'start' }
  /** The folder can not be looked at, or nothing on the disk. */
  | { readonly do: 'disk'; readonly fault: 'EACCES' | 'EIO' | 'none' }
  | { readonly do: 'clock'; readonly ms: number }

const file = fc.nat({ max: files.length - 1 })
const lines = fc.integer({ min: 1, max: 4 })
const filler = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(3000, 40_000) }
)
const of = (weight: number, arbitrary: fc.Arbitrary<Action>): { weight: number; arbitrary: fc.Arbitrary<Action> } => ({
  weight,
  arbitrary
})
const named = <D extends Action['do']>(...names: D[]): fc.Arbitrary<D> => fc.constantFrom(...names)

export const anyAction: fc.Arbitrary<Action> = fc.oneof(
  of(9, fc.record({ do: named('append'), file, lines, filler })),
  of(3, fc.record({ do: named('open'), file, filler })),
  of(3, fc.record({ do: named('rotate'), file, reopens: fc.boolean() })),
  of(2, fc.record({ do: named('copytruncate'), file, gap: fc.nat({ max: 2 }), isNamed: fc.constant(false) })),
  of(2, fc.record({ do: named('truncate'), file })),
  of(2, fc.record({ do: named('delete'), file, reopens: fc.boolean() })),
  of(2, fc.record({ do: named('recreate'), file, lines })),
  of(1, fc.record({ do: named('link'), file })),
  of(1, fc.record({ do: named('replace'), file, lines })),
  of(12, fc.record({ do: named('pass'), ms: fc.constantFrom(30, 60, 120, 300, 1100, 3000, 6000, 12_000) })),
  of(2, fc.record({ do: named('hang') })),
  of(5, fc.record({ do: named('ack', 'nack', 'half', 'cut') })),
  of(2, fc.record({ do: named('state'), mode: fc.constantFrom('ok', 'ok', 'slow', 'full') })),
  of(2, fc.record({ do: named('kill') })),
  of(1, fc.record({ do: named('stop') })),
  of(2, fc.record({ do: named('disk'), fault: fc.constantFrom('EACCES', 'EIO', 'none') })),
  of(6, fc.record({ do: named('start') })),
  of(1, fc.record({ do: named('clock'), ms: fc.constantFrom(-hourMs, hourMs, -200, 87_600 * hourMs) }))
)

/** The program that writes: it keeps its files open. */
export class Writer {
  readonly #world: World
  readonly #open = new Map<string, MemoryInode>()
  #copies = 0

  constructor(world: World) {
    this.#world = world
  }

  async run(action: Action): Promise<void> {
    const world = this.#world
    if ('file' in action) this.#write(files[action.file]!, action)
    else if (action.do === 'pass') await world.pass(action.ms)
    else if (action.do === 'clock') world.step(action.ms)
    else if (action.do === 'disk') world.disk.fault = action.fault === 'none' ? undefined : action.fault
    else if (action.do === 'state') world.setState(action.mode)
    else if (action.do === 'kill' || action.do === 'stop' || action.do === 'start') await world[action.do]()
    else if (action.do === 'hang') world.store.mode = 'hang'
    else await world.answer(action.do)
  }

  #write(name: string, action: Extract<Action, { readonly file: number }>): void {
    const world = this.#world
    if (action.do === 'append') this.#lines(name, action.lines, action.filler)
    else if (action.do === 'open') world.write(this.#inode(name), action.filler, false)
    else if (action.do === 'rotate') this.#rotate(name, action.reopens)
    else if (action.do === 'copytruncate') this.#copytruncate(name, action)
    else if (action.do === 'truncate') world.truncate(name)
    else if (action.do === 'link') this.#link(name)
    else if (action.do === 'replace') this.#replace(name, action.lines)
    else {
      if (action.do === 'recreate' || action.reopens) this.#close(name)
      world.unlink(name)
      if (action.do === 'recreate') this.#lines(name, action.lines, 5)
    }
  }

  #lines(name: string, count: number, length: number): void {
    for (let line = 0; line < count; line++) this.#world.write(this.#inode(name), length, true)
  }

  #inode(name: string): MemoryInode {
    let inode = this.#open.get(name)
    if (inode === undefined) {
      inode = this.#world.disk.open(name)
      this.#open.set(name, inode)
    }
    return inode
  }

  #close(name: string): void {
    const inode = this.#open.get(name)
    if (inode !== undefined) this.#world.disk.close(inode)
    this.#open.delete(name)
  }

  /** `a.log` becomes `a.log.1`, older ones count up, the third goes. */
  #rotate(name: string, reopens: boolean): void {
    this.#countUp(name)
    this.#world.rename(name, `${name}.1`)
    if (reopens) this.#close(name)
  }

  #countUp(name: string): void {
    for (let n = 2; n > 0; n--) this.#world.rename(`${name}.${n}`, `${name}.${n + 1}`)
  }

  /** A copy with another name than `a.log.1` lies where nobody looks for logs. */
  #copytruncate(name: string, { gap, isNamed = false }: { readonly gap: number; readonly isNamed?: boolean }): void {
    const world = this.#world
    const inode = world.disk.inode(name)
    if (inode === undefined) return
    if (isNamed) this.#countUp(name)
    world.disk.append(isNamed ? `${name}.1` : `copy${this.#copies++}`, inode.bytes)
    this.#lines(name, gap, 5)
    world.truncate(name)
  }

  #link(name: string): void {
    const { disk } = this.#world
    const other = `linked-${name}`
    if (disk.inode(name) !== undefined && disk.inode(other) === undefined) disk.link(name, other)
  }

  /** A new file is renamed over the old one. */
  #replace(name: string, count: number): void {
    this.#close(name)
    const temporary = `${name}.tmp`
    for (let line = 0; line < count; line++) this.#world.append(temporary, 5, true)
    this.#world.rename(temporary, name)
  }
}
