import type { Batch } from '../../core/batch.ts'
import type { Keys } from '../../core/keys.ts'
import { Body, type Output } from '../../core/output.ts'
import { Fate } from '../../core/row.ts'
import type { Choice } from '../../delivery/delivery.ts'
import type { PipelinePlan, Plan } from '../plan.ts'
import { choiceOf } from '../routing.ts'
import type { TracedOutput } from './traced-row.ts'

interface Exit {
  readonly name: string
  readonly use: string
  readonly output: Output
  readonly choice: Choice | undefined
}

export interface ExitsParts {
  readonly plan: Plan
  /** By id. */
  readonly output: (id: string) => Output
  readonly keys: Keys
}

/** Where a pipeline ends: which of its outputs take a row, and as what. */
export class Exits {
  readonly pipeline: string
  readonly #exits: readonly Exit[]
  readonly #body = new Body(64 * 1024)

  constructor({ name: pipeline, outputs, choices }: PipelinePlan, { plan, output, keys }: ExitsParts) {
    this.pipeline = pipeline
    this.#exits = outputs.map(name => {
      const { use } = plan.outputs.find(one => one.name === name)!
      const choice = choices[name]
      return { name, use, output: output(`${pipeline}/${name}`), choice: choice && choiceOf(choice, keys) }
    })
  }

  /** Of each of the rows what its outputs get. The batch stays as it was. */
  of(batch: Batch, rows: readonly number[]): TracedOutput[][] {
    const byRow: TracedOutput[][] = rows.map(() => [])
    for (const { name, use, output, choice } of this.#exits) {
      choice?.narrow(batch)
      const encoded = this.#encode(batch, rows, output)
      choice?.restore(batch)
      for (const [i, row] of rows.entries()) {
        const bytes = encoded.get(row)
        const shown = bytes && (output.shown?.(bytes) ?? bytes.toString())
        byRow[i]!.push({ name, use, encoded: bytes, shown })
      }
    }
    return byRow
  }

  /** Encoders write rows that are kept: the others are not, for so long. */
  #encode(batch: Batch, rows: readonly number[], output: Output): Map<number, Buffer> {
    const fates = batch.fate.slice(0, batch.rows)
    const kept = rows.filter(row => fates[row] === Fate.kept)
    batch.fate.fill(Fate.filtered, 0, batch.rows)
    for (const row of kept) batch.fate[row] = Fate.kept
    const body = this.#body
    body.clear()
    output.encode(batch, body)
    batch.fate.set(fates)
    const bytes = kept.map((row, i): [number, Buffer] => {
      const start = i === 0 ? 0 : body.rowEnds[i - 1]!
      return [row, Buffer.from(body.bytes.subarray(start, body.rowEnds[i]))]
    })
    body.goHome()
    return new Map(bytes)
  }
}
