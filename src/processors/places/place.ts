import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Kind, Use } from '../../core/row.ts'
import { renames } from '../normalize/candidates.ts'
import { type Cell, cells, columnWith } from './cells.ts'
import { unlink } from './links.ts'
import { candidateOf, type Column, columnOf } from './names.ts'
import { Objects } from './objects.ts'

/** What the places of a step share. */
interface Shared {
  readonly keys: Keys
  readonly cells: Readonly<Record<Column, Cell>>
  readonly objects: Objects
}

/** The places that a step is about. */
export class Places {
  readonly #shared: Shared
  readonly #places: Place[] = []

  constructor(keys: Keys) {
    this.#shared = { keys, cells: cells(), objects: new Objects(keys) }
  }

  named(name: string): Place {
    const place = new Place(name, this.#shared)
    this.#places.push(place)
    return place
  }

  /** To be called before the rows of a batch. */
  open(batch: Batch): void {
    for (const cell of Object.values(this.#shared.cells)) cell.open(batch)
    for (const place of this.#places) place.open(batch)
  }
}

/**
 * Where rows have what goes by one name: a column, if the name stands for one, else a field. A member of an object is found by its dotted
 * name: the object is taken apart then. What `normalize` has put into a column is found by the name that the row has for it, too,
 * and is changed there.
 */
export class Place {
  readonly name: string
  /** The value that `find` found last. */
  start = 0
  end = 0
  kind = 0
  readonly #shared: Shared
  readonly #cell: Cell | undefined
  /** The message has no name of its own in queries: a field of this name stands for it there. */
  readonly #isMessage: boolean
  /** What `normalize` calls a field of this name; the same where it does not. */
  readonly #renamed: string
  /** Of objects that may have it inside. */
  readonly #outerNames: readonly string[]
  readonly #outers: number[] = []
  #generation = -1
  #key = 0
  #renamedKey = 0
  #batch!: Batch
  #field = -1
  #before = -1

  constructor(name: string, shared: Shared) {
    this.name = name
    this.#shared = shared
    const column = columnOf(name)
    this.#cell = column && shared.cells[column]
    this.#isMessage = column === 'body'
    this.#renamed = renames.find(({ from }) => from === name)?.to ?? name
    const parts = name.split('.')
    this.#outerNames = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'))
  }

  /** To be called before the rows of a batch are looked at, behind the cells. */
  open(batch: Batch): void {
    this.#batch = batch
    const { keys } = this.#shared
    if (this.#generation === keys.generation) return
    this.#generation = keys.generation
    this.#key = keys.add(this.name)
    this.#renamedKey = keys.add(this.#renamed)
    for (const [index, outer] of this.#outerNames.entries()) this.#outers[index] = keys.add(outer)
  }

  /** Whether the row has a value here. It may stand where another row's value stands, too. */
  find(row: number): boolean {
    if (this.#cell?.find(row) === true) {
      this.#take(this.#cell.start, this.#cell.end, this.#cell.kind)
      return true
    }
    if (!this.#look(row)) return false
    const { fieldStart, fieldEnd, fieldKind } = this.#batch
    this.#take(fieldStart[this.#field]!, fieldEnd[this.#field]!, fieldKind[this.#field]!)
    return true
  }

  /** Whether the row has a value here that is not one of ours, as the time of reading is. */
  isSaid(row: number): boolean {
    if (this.#cell?.isSaid(row) === true) return true
    return this.#look(row) && this.#batch.fieldKind[this.#field] !== Kind.null
  }

  /** Puts a value here, in place of what there is. False where it can not be here, a text that is no time for example; then nothing has
   * changed. */
  put(row: number, start: number, end: number, kind: number): boolean {
    this.#look(row)
    return this.#write(row, this.#cell ?? this.#cellWithField(row), start, end, kind)
  }

  /** The same for a field of the row that `find` has just found. measured: 40 ns less. */
  replace(row: number, start: number, end: number, kind: number): boolean {
    return this.#write(row, this.#cellWithField(row), start, end, kind)
  }

  /** Takes over what `find` found at another place, which has it no more. False as `put`. */
  takeOver(row: number, from: Place): boolean {
    this.#look(row)
    if (!this.#write(row, this.#cell, from.start, from.end, from.kind)) return false
    from.#leave(row, this.#cell)
    return true
  }

  /** Takes away what there is. */
  remove(row: number): void {
    this.#leave(row, undefined)
  }

  /** Behind `#look`. One parameter more than usual, since it is called for each row. */
  #write(row: number, cell: Cell | undefined, start: number, end: number, kind: number): boolean {
    const batch = this.#batch
    if (cell?.put(row, start, end, kind) === false) return false
    if (cell?.isSaid(row) === false) {
      // an empty name is none
      if (this.#field >= 0) unlink(batch, row, this.#field, this.#before)
    } else if (this.#field >= 0) {
      batch.fieldStart[this.#field] = start
      batch.fieldEnd[this.#field] = end
      batch.fieldKind[this.#field] = kind
      batch.fieldUse[this.#field] = cell === undefined ? Use.attribute : Use.consumed
    } else if (cell === undefined || this.#isMessage) {
      batch.addField(row, this.#key, start, end, kind)
      if (cell !== undefined) batch.fieldUse[batch.fields - 1] = Use.consumed
    }
    return true
  }

  /** Takes away what there is, but what a column has got that is not to be touched. */
  #leave(row: number, untouched: Cell | undefined): void {
    if (this.#cell !== untouched) this.#cell?.remove(row)
    if (!this.#look(row)) return
    const cell = this.#cellWithField(row)
    if (cell !== untouched) cell?.remove(row)
    unlink(this.#batch, row, this.#field, this.#before)
  }

  #take(start: number, end: number, kind: number): void {
    this.start = start
    this.end = end
    this.kind = kind
  }

  /** The column that holds the field that was found, if there is one and it is no attribute. */
  #cellWithField(row: number): Cell | undefined {
    if (this.#field < 0 || this.#batch.fieldUse[this.#field] !== Use.consumed) return undefined
    const column = candidateOf(this.name) ?? columnWith(this.#batch, row, this.#field)
    return column && this.#shared.cells[column]
  }

  /** Finds the field: `#field` is it, or -1. */
  #look(row: number): boolean {
    const { firstField, fieldKey, fieldKind, fieldNext } = this.#batch
    const wanted = this.#key
    const renamed = this.#renamedKey
    let outer = -1
    let beforeOuter = -1
    let before = -1
    for (let field = firstField[row]!; field >= 0; field = fieldNext[field]!) {
      const key = fieldKey[field]!
      if (key === wanted || key === renamed) {
        this.#field = field
        this.#before = before
        return true
      }
      if (fieldKind[field] === Kind.json && this.#outers.includes(key)) {
        outer = field
        beforeOuter = before
      }
      before = field
    }
    this.#field = -1
    if (outer < 0 || !this.#shared.objects.has(this.#batch, outer)) return false
    this.#shared.objects.takeApart(this.#batch, row, outer, beforeOuter)
    return this.#look(row)
  }
}
