import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Batch } from '../../src/core/batch.ts'
import { Call } from '../../src/core/call.ts'
import { Workspace } from '../../src/core/workspace.ts'
import { DocumentKernel } from '../../src/outputs/elasticsearch/document-kernel.ts'
import { Likeness } from '../../src/processors/normalize/likeness.ts'
import { Arena } from '../../src/scan/arena.ts'
import { MembersKernel } from '../../src/scan/members-kernel.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Kernels and who calls them. */
const kernels = {
  structure: 'src/scan/row-kernel.ts',
  members: 'src/scan/members-kernel.ts',
  normalize: 'src/processors/normalize/likeness.ts',
  document: 'src/outputs/elasticsearch/document-kernel.ts'
}

describe('a call of a kernel', () => {
  for (const [kernel, caller] of Object.entries(kernels)) {
    it(`${kernel} has the layout that its caller knows`, () => {
      const body = /^class Call \{\n(.*?)^\}/ms.exec(read(`kernels/${kernel}.as.ts`))![1]!
      const fields = [...body.matchAll(/^ {2}(\w+): (\w+)$/gm)]
      const words = fields.filter(([, , type]) => type !== 'f64').map(([, name]) => name)
      const layout = /const layout = `([^`]*)`/.exec(read(caller))![1]!
      expect(layout.trim().split(/\s+/)).toEqual(words)
      // doubles come first
      expect(fields.findLastIndex(([, , type]) => type === 'f64')).toBe(fields.length - words.length - 1)
    })
  }

  it('tells where the columns of a batch are', () => {
    const arena = new Arena(1024)
    const batch = arena.newBatch()
    const call = new Call(arena.workspace, 1, 'rows starts mark bodyEnd traceIdKind bodyText')
    call.setColumns(batch)
    expect([...call.words.subarray(2)]).toEqual([
      0,
      batch.starts.byteOffset,
      batch.mark.byteOffset,
      batch.body.end.byteOffset,
      batch.traceId.kind.byteOffset,
      0
    ])
    expect(() => call.set('row', 1)).toThrow('has no "row"')
  })
})

describe('a workspace', () => {
  it('has no room for more than it has', () => {
    const workspace = new Workspace(65_536)
    expect(workspace.take(60_000)).toBe(0)
    expect(workspace.take(6000)).toBe(-1)
    expect(workspace.take(1000)).toBe(60_032)
    expect(() => new Call(new Workspace(0), 0, 'rows')).toThrow('no room')
    const batch = new Batch(Buffer.alloc(1024), new Workspace(0))
    expect(batch.inWorkspace).toBe(false)
    expect(batch.starts.length).toBeGreaterThan(0)
  })

  it('has room for kernels as they say', () => {
    const { workspace } = new Arena(131_072)
    const taken = (make: () => unknown): number => {
      const before = workspace.free
      expect(make()).toBeDefined()
      return before - workspace.free
    }
    for (const [bytes, make] of [
      [MembersKernel.bytes, () => MembersKernel.in(workspace)],
      [Likeness.bytes, () => Likeness.in(workspace)],
      [DocumentKernel.bytes, () => new DocumentKernel(workspace)]
    ] as const) {
      const took = taken(make)
      expect(took).toBeLessThanOrEqual(bytes)
      expect(took).toBeGreaterThan(bytes / 3)
    }
    while (workspace.free >= MembersKernel.bytes) expect(MembersKernel.in(workspace)).toBeDefined()
    expect(MembersKernel.in(workspace)).toBeUndefined()
  })
})
