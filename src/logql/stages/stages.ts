import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import type { RowList } from '../../core/row-list.ts'
import { type Condition, conditionOf } from '../conditions.ts'
import type { Label } from '../label.ts'
import { LineStage } from '../lines.ts'
import { RowView, ViewLabel } from '../row-view.ts'
import type { LabelFilter, LineFilter, RowStage, Stage } from '../syntax.ts'
import { changeOf, namesIn } from './changes.ts'

const filters: readonly string[] = ['line', 'text', 'number', 'ip', 'and', 'or']

/** Whether a stage changes rows, and does not only leave some out. */
export function isChange(stage: Stage): stage is RowStage {
  return !filters.includes(stage.kind)
}

/** Does something with a row; false where it leaves it out. */
type Step = (row: number) => boolean

/** Called with the line that stages have given a row in place of its own. */
export type OnLine = (row: number, line: string) => void

/** Who wants to see rows that stay, each as the stages have made it. */
export interface RowTaker {
  take(row: number): void
}

/** The stages of a query from the first that changes rows on, for one row after the other. */
export class RowStages {
  readonly #view: RowView
  readonly #steps: readonly Step[]
  readonly #conditions: Condition[] = []

  /** `wanted` are labels that are asked for behind the last stage. */
  constructor(stages: readonly Stage[], keys: Keys, wanted: readonly string[] = []) {
    this.#view = new RowView(keys, new Set([...stages.flatMap(namesIn), ...wanted]))
    this.#steps = stages.map(stage => this.#stepOf(stage))
  }

  narrow(batch: Batch, rows: RowList, errors: Uint8Array, onLine?: OnLine): void {
    this.#open(batch, errors)
    let count = 0
    for (let i = 0; i < rows.count; i++) {
      const row = rows.rows[i]!
      if (!this.#keeps(row)) continue
      rows.rows[count++] = row
      if (onLine !== undefined) this.#tellLine(row, onLine)
    }
    rows.count = count
  }

  /** Gives the rows that stay to `taker`, which may ask `label` and `lineBytes` for them. */
  give(batch: Batch, { rows, count }: RowList, errors: Uint8Array, taker: RowTaker): void {
    this.#open(batch, errors)
    for (let i = 0; i < count; i++) if (this.#keeps(rows[i]!)) taker.take(rows[i]!)
  }

  label(name: string): Label {
    return new ViewLabel(name, this.#view)
  }

  get lineBytes(): number {
    return this.#view.end - this.#view.start
  }

  #tellLine(row: number, onLine: OnLine): void {
    const line = this.#view.newLine
    if (line !== undefined) onLine(row, line)
  }

  #open(batch: Batch, errors: Uint8Array): void {
    this.#view.open(batch, errors)
    for (const condition of this.#conditions) condition.open(batch, errors)
  }

  #keeps(row: number): boolean {
    this.#view.begin(row)
    const steps = this.#steps
    for (let i = 0; i < steps.length; i++) if (!steps[i]!(row)) return false
    return true
  }

  #stepOf(stage: Stage): Step {
    const view = this.#view
    if (isChange(stage)) {
      const change = changeOf(stage, filter => this.#ask(filter))
      return row => {
        change(view, row)
        return true
      }
    }
    if (stage.kind === 'line') return this.#lineStep(stage)
    const condition = this.#ask(stage)
    return row => condition.holds(row)
  }

  #lineStep(filter: LineFilter): Step {
    const view = this.#view
    const lines = new LineStage(filter)
    return () => lines.keeps(view.bytes, view.start, view.end)
  }

  #ask(filter: LabelFilter): Condition {
    const condition = conditionOf(filter, name => this.label(name))
    this.#conditions.push(condition)
    return condition
  }
}
