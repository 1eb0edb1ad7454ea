import { Fate } from '../core/row.ts'
import { defineOutput } from '../config/define.ts'

export const nowhere = defineOutput({
  name: 'null',
  summary: 'Takes every row and keeps none: for measuring what comes before.',
  options: () => ({}),
  examples: [{ title: 'No options', config: '{}' }],
  create: () => ({
    encode(batch, body) {
      for (let row = 0; row < batch.rows; row++) {
        if (batch.fate[row] === Fate.kept) body.endRow(batch.positions[row]!, batch.lengths[row]!)
      }
    },
    send: () => Promise.resolve({ requestBytes: 0 })
  })
})
