import type { Batch, Column } from './batch.ts'
import type { Workspace } from './workspace.ts'

const columns = ['service', 'traceId', 'spanId', 'agentId', 'body'] as const

/**
 * What a kernel is told, in the workspace: first `doubles` 64-bit numbers, then 32-bit ones with names. Names of columns of a batch
 * (`starts`; `service`, `serviceEnd`, `serviceKind`) stand for their addresses.
 */
export class Call {
  readonly address: number
  readonly doubles: Float64Array
  readonly words: Int32Array
  readonly #places: ReadonlyMap<string, number>
  #batch: Batch | undefined

  /** `layout`: the names in order, parted by blanks. */
  constructor(workspace: Workspace, doubles: number, layout: string) {
    const names = layout.trim().split(/\s+/)
    this.#places = new Map(names.map((name, place) => [name, doubles * 2 + place]))
    const length = doubles * 8 + names.length * 4
    this.address = workspace.take(length)
    if (this.address < 0) throw new Error('The workspace has no room for a kernel')
    this.doubles = new Float64Array(workspace.buffer, this.address, doubles)
    this.words = new Int32Array(workspace.buffer, this.address, length >> 2)
  }

  /** Where a name stands in `words`: what is asked for often is asked for once. */
  place(name: string): number {
    const place = this.#places.get(name)
    if (place === undefined) throw new Error(`A kernel's call has no "${name}"`)
    return place
  }

  set(name: string, value: number): void {
    this.words[this.place(name)] = value
  }

  /** Tells the addresses of a batch's columns. */
  setColumns(batch: Batch): void {
    if (this.#batch === batch) return
    this.#batch = batch
    for (const [name, place] of this.#places) {
      const address = addressOf(batch, name)
      if (address !== undefined) this.words[place] = address
    }
  }
}

/** The address of the column of this name, if there is one. */
function addressOf(batch: Batch, name: string): number | undefined {
  for (const column of columns) {
    if (!name.startsWith(column)) continue
    const { start, end, kind }: Column = batch[column]
    const part = { '': start, End: end, Kind: kind }[name.slice(column.length)]
    if (part !== undefined) return part.byteOffset
  }
  const found: unknown = Object.hasOwn(batch, name) ? batch[name as keyof Batch] : undefined
  return ArrayBuffer.isView(found) && name !== 'bytes' && name !== 'marks' ? found.byteOffset : undefined
}
