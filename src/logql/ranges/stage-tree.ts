import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { RowList } from '../../core/row-list.ts'
import { isOfColumn } from '../column-stages.ts'
import { columnStage, divided, type FilterStage } from '../filter.ts'
import type { LabelFilter, LineFilter, LogQuery, Stage } from '../syntax.ts'

/** Who wants the rows that pass some stages. */
export interface RowsTaker {
  /** `rows` are these, and are not to be changed. */
  collect(batch: Batch, rows: RowList): void
}

type ColumnFilter = LineFilter | LabelFilter

/** The stages of a query: those that leave rows out and do nothing else, which may be gone through for several queries at once, and all
 * from the first that is another one on. */
export function splitStages(log: LogQuery): {
  readonly pure: readonly ColumnFilter[]
  readonly rest: readonly Stage[]
} {
  const { columns, changing } = divided(log)
  const first = columns.findIndex(stage => !isPure(stage))
  const pure = first < 0 ? columns : columns.slice(0, first)
  const rest = [...columns.slice(pure.length), ...changing]
  return { pure: pure.toSorted((a, b) => costOf(a) - costOf(b)), rest }
}

/** In which order stages are gone through, as it makes no difference for what passes: what is quick, or leaves few rows, comes first. */
function costOf(stage: ColumnFilter): number {
  if (stage.kind === 'line') return stage.operator.endsWith('~') ? 3 : 2
  if (stage.kind !== 'text' || !isOfColumn(stage.label)) return 4
  return stage.operator === '=' || stage.label === 'level' ? 1 : 4
}

/** A number that can not be read is an error of the row, and what asks for errors is told so. */
function isPure(stage: ColumnFilter): boolean {
  if (stage.kind === 'and' || stage.kind === 'or') return isPure(stage.left) && isPure(stage.right)
  return stage.kind === 'line' || stage.kind === 'ip' || (stage.kind === 'text' && stage.label !== '__error__')
}

/** Stages that several queries begin with are gone through once for each batch. */
export class StageTree {
  readonly #root: Node = new Node(undefined)
  readonly #keys: Keys

  constructor(keys: Keys) {
    this.#keys = keys
  }

  /** Throws `QueryFault`. */
  add(stages: readonly ColumnFilter[], taker: RowsTaker): void {
    let node = this.#root
    for (const stage of stages) node = node.child(stage, this.#keys)
    node.takers.push(taker)
  }

  /** Gives those of some rows of a batch that pass to their takers. */
  run(batch: Batch, rows: RowList): void {
    this.#root.give(batch, rows)
  }
}

/** None of these stages makes an error. */
const noErrors = new Uint8Array(0)

class Node {
  readonly takers: RowsTaker[] = []
  readonly #children: Node[] = []
  readonly #byText = new Map<string, Node>()
  readonly #stage: FilterStage | undefined
  readonly #rows = new RowList()

  constructor(stage: FilterStage | undefined) {
    this.#stage = stage
  }

  /** The node behind a stage, made if there is none. */
  child(stage: ColumnFilter, keys: Keys): Node {
    const text = JSON.stringify(stage, (name, value: unknown) => (name === 'at' ? undefined : value))
    let child = this.#byText.get(text)
    if (child === undefined) {
      this.#byText.set(text, (child = new Node(columnStage(stage, keys))))
      this.#children.push(child)
    }
    return child
  }

  give(batch: Batch, rows: RowList): void {
    let passed = rows
    if (this.#stage !== undefined) {
      passed = this.#rows
      passed.reserve(rows.count)
      this.#stage.narrow(batch, rows, passed, noErrors)
    }
    if (passed.count === 0) return
    for (const taker of this.takers) taker.collect(batch, passed)
    for (const child of this.#children) child.give(batch, passed)
  }
}
