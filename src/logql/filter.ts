import type { Batch } from '../core/batch.ts'
import { Keys } from '../core/keys.ts'
import { RowList } from '../core/row-list.ts'
import { columnStageOf } from './column-stages.ts'
import { type Condition, conditionOf } from './conditions.ts'
import type { Label } from './label.ts'
import { labelFor } from './labels.ts'
import { LineStage } from './lines.ts'
import { readQuery } from './read-query.ts'
import { isChange, type OnLine, RowStages } from './stages/stages.ts'
import { type LabelFilter, type LineFilter, type LogQuery, QueryFault, type Stage } from './syntax.ts'

/** Why a query can not be used, and the offset in it; undefined where it can. */
export function faultIn(query: string): { readonly message: string; readonly at: number } | undefined {
  try {
    void new RowFilter(query, new Keys())
    return undefined
  } catch (error) {
    if (error instanceof QueryFault) return error
    throw error
  }
}

export interface FilterStage {
  /** Puts those rows of `from` that pass into `into`, which has room for them and may be the same. */
  narrow(batch: Batch, from: RowList, into: RowList, errors: Uint8Array): void
}

/** A query that selects rows, compiled. It keeps nothing between batches, so that rows are selected alike whenever they are read. */
export class RowFilter {
  readonly #stages: readonly FilterStage[]
  readonly #changing: RowStages | undefined
  readonly #rows = new RowList()
  /** Numbers of `rowErrors`, by row. */
  #errors = new Uint8Array(0)

  /** Throws `QueryFault`. */
  constructor(query: string, keys: Keys) {
    const { columns, changing } = divided(readQuery(query))
    this.#stages = columns.map(stage => columnStage(stage, keys))
    if (changing.length > 0) this.#changing = new RowStages(changing, keys)
  }

  /** Takes rows that the query does not select out of `wanted`, where 1 stands for a row that is wanted so far. `onLine` is told of rows
   * that stay with another line than they had. */
  narrow(batch: Batch, wanted: Uint8Array, onLine?: OnLine): void {
    if (this.#errors.length < batch.rows) this.#errors = new Uint8Array(batch.rows * 2)
    this.#errors.fill(0, 0, batch.rows)
    const rows = this.#rows
    rows.fill(batch.rows, wanted)
    for (const stage of this.#stages) stage.narrow(batch, rows, rows, this.#errors)
    this.#changing?.narrow(batch, rows, this.#errors, onLine)
    wanted.fill(0, 0, batch.rows)
    for (let i = 0; i < rows.count; i++) wanted[rows.rows[i]!] = 1
  }
}

/** Up to the first stage that changes rows, stages look at the columns of all rows; from there on each row goes by itself. */
export function divided({ matchers, stages }: LogQuery): {
  readonly columns: readonly (LineFilter | LabelFilter)[]
  readonly changing: readonly Stage[]
} {
  const change = stages.findIndex(isChange)
  const before = (change < 0 ? stages : stages.slice(0, change)) as readonly (LineFilter | LabelFilter)[]
  return { columns: [...matchers, ...before], changing: change < 0 ? [] : stages.slice(change) }
}

export function columnStage(stage: LineFilter | LabelFilter, keys: Keys): FilterStage {
  if (stage.kind === 'line') return new LineStage(stage)
  const labels = (name: string): Label => labelFor(name, keys)
  return columnStageOf(stage, labels) ?? new LabelStage(conditionOf(stage, labels))
}

class LabelStage implements FilterStage {
  readonly #condition: Condition

  constructor(condition: Condition) {
    this.#condition = condition
  }

  narrow(batch: Batch, from: RowList, into: RowList, errors: Uint8Array): void {
    const condition = this.#condition
    condition.open(batch, errors)
    let count = 0
    for (let i = 0; i < from.count; i++) {
      const row = from.rows[i]!
      if (condition.holds(row)) into.rows[count++] = row
    }
    into.count = count
  }
}
