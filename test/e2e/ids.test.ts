import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { Stage } from './stage.ts'

const url = inject('elasticsearch')
const rows = 20_000
const rounds = 9
/** About 5 MB, as the collector sends them. */
const bodyRows = 10_000
const sourceIdLength = 16

let stage: Stage
afterEach(() => stage.remove())

interface Row {
  readonly id: string
  readonly source: string
}

describe('document ids', () => {
  test('what they cost: documents a second with ours against automatic ones', { timeout: 300_000 }, async () => {
    stage = new Stage({ url })
    stage.writeJournal('j0', 0, rows)
    stage.site.start()
    await stage.settles(rows)
    await stage.stop()
    const documents = await readBack()
    await send(documents, 'warm-up')
    const pairs: { ours: number; automatic: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const isOursFirst = round % 2 === 0
      const first = await send(documents, isOursFirst ? 'ours' : 'automatic')
      const second = await send(documents, isOursFirst ? 'automatic' : 'ours')
      pairs.push(isOursFirst ? { ours: first, automatic: second } : { ours: second, automatic: first })
    }
    const ours = middle(pairs.map(pair => pair.ours))
    const automatic = middle(pairs.map(pair => pair.automatic))
    const ratios = pairs.map(pair => pair.ours / pair.automatic)
    console.log(
      `W14: ${Math.round(ours)} docs/s with our ids, ${Math.round(automatic)} with automatic ones, ` +
        `ratio ${middle(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
    )
    expect(documents).toHaveLength(rows)
  })
})

async function readBack(): Promise<Row[]> {
  const documents: Row[] = []
  const pages = stage.client.helpers.scrollSearch({ index: stage.stream, size: 5000, sort: 'log.offset' })
  for await (const page of pages) {
    for (const hit of page.body.hits.hits) documents.push({ id: hit._id!, source: JSON.stringify(hit._source) })
  }
  return documents
}

/** Writes all documents, over two connections, and returns documents a second. Ours are those of a file not seen before. */
async function send(documents: readonly Row[], ids: 'ours' | 'automatic' | 'warm-up'): Promise<number> {
  const file = randomBytes(12).toString('base64url').slice(0, sourceIdLength)
  const action = ({ id }: Row): string =>
    ids === 'automatic' ? '{"create":{}}' : `{"create":{"_id":"${file}${id.slice(sourceIdLength)}"}}`
  const bodies: Buffer[] = []
  for (let at = 0; at < documents.length; at += bodyRows) {
    const part = documents.slice(at, at + bodyRows)
    bodies.push(Buffer.from(part.map(row => `${action(row)}\n${row.source}\n`).join('')))
  }
  const began = performance.now()
  const answers = await Promise.all(
    bodies.map(operations =>
      stage.client.bulk({ index: stage.stream, operations: operations as never, filter_path: 'errors' })
    )
  )
  const seconds = (performance.now() - began) / 1000
  expect(answers.every(answer => !answer.errors)).toBe(true)
  return documents.length / seconds
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
