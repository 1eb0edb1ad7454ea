import { defineProcessor } from '../config/define.ts'
import type { Batch } from '../core/batch.ts'
import { Fate } from '../core/row.ts'
import type { Processor } from '../core/steps.ts'
import { Chosen } from './chosen.ts'

const input = '{"level":"debug","service":"billing","msg":"tick"}'
const row = { time: 'of reading', level: 'debug', service_name: 'billing', body: 'tick' }

/** Leaves out the rows that its condition selects. */
export const drop = defineProcessor({
  name: 'drop',
  summary: 'Leaves rows out that a condition selects; they count as filtered.',
  options: t => ({ if: t.query('Rows to leave out, as a LogQL query.') }),
  examples: [
    { title: 'Without debug messages', config: `if: '{level="debug"}'`, input },
    {
      title: 'Without health checks that went well',
      config: `if: '{service_name="billing"} |= "/healthz" | status < 400'`,
      input,
      output: row
    }
  ],
  create: (options, { keys }) => new Select(new Chosen(options.if, keys), 1)
})

/** Leaves out the rows that its condition does not select. */
export const keep = defineProcessor({
  name: 'keep',
  summary: 'Leaves rows out unless a condition selects them; they count as filtered.',
  options: t => ({ if: t.query('Rows to keep, as a LogQL query.') }),
  examples: [
    { title: 'Only what two services say', config: `if: '{service_name=~"billing|auth"}'`, input, output: row },
    { title: 'Only warnings and above', config: `if: '{level=~"warn|error|critical|alert|fatal"}'`, input }
  ],
  create: (options, { keys }) => new Select(new Chosen(options.if, keys), 0)
})

class Select implements Processor {
  readonly #chosen: Chosen
  /** Of a row that is left out: whether the condition selected it. */
  readonly #leavesOut: 0 | 1

  constructor(chosen: Chosen, leavesOut: 0 | 1) {
    this.#chosen = chosen
    this.#leavesOut = leavesOut
  }

  apply(batch: Batch): void {
    const { fate, rows } = batch
    const chosen = this.#chosen.of(batch)
    const leavesOut = this.#leavesOut
    for (let row = 0; row < rows; row++) {
      if (fate[row] === Fate.kept && chosen[row] === leavesOut) fate[row] = Fate.filtered
    }
  }
}
