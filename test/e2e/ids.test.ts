import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { delay } from '../integrity/process.ts'
import { Stage } from './stage.ts'

const url = inject('elasticsearch')
const rows = 20_000
const rounds = 5
/** About 5 MB, as the collector sends them. */
const bodyRows = 10_000
const sourceIdLength = 16

let stage: Stage
afterEach(async () => {
  await stage.client.indices.deleteDataStream({ name: automaticStream() })
  await stage.remove()
})

/** Another one than ours: in an index that has seen ids, automatic ones are slower, and the other way round. */
const automaticStream = (): string => `${stage.stream}automatic`

/** Documents in a second of the clock, and of the server's CPU. */
interface Speed {
  readonly second: number
  readonly cpuSecond: number
}

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
    await send(documents, 'ours')
    await send(documents, 'automatic')
    const pairs: { ours: Speed; automatic: Speed }[] = []
    for (let round = 0; round < rounds; round++) {
      const isOursFirst = round % 2 === 0
      const first = await send(documents, isOursFirst ? 'ours' : 'automatic')
      const second = await send(documents, isOursFirst ? 'automatic' : 'ours')
      pairs.push(isOursFirst ? { ours: first, automatic: second } : { ours: second, automatic: first })
    }
    for (const unit of ['second', 'cpuSecond'] as const) {
      const ours = middle(pairs.map(pair => pair.ours[unit]))
      const automatic = middle(pairs.map(pair => pair.automatic[unit]))
      const ratios = pairs.map(pair => pair.ours[unit] / pair.automatic[unit])
      console.log(
        `W14, documents a ${unit === 'second' ? 'second' : "second of the server's CPU"}: ` +
          `${Math.round(ours)} with our ids, ${Math.round(automatic)} with automatic ones, ` +
          `ratio ${middle(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`
      )
    }
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

/** Writes all documents, over two connections. Ours are those of a file not seen before. */
async function send(documents: readonly Row[], ids: 'ours' | 'automatic'): Promise<Speed> {
  const file = randomBytes(12).toString('base64url').slice(0, sourceIdLength)
  const action = ({ id }: Row): string =>
    ids === 'automatic' ? '{"create":{}}' : `{"create":{"_id":"${file}${id.slice(sourceIdLength)}"}}`
  const index = ids === 'ours' ? stage.stream : automaticStream()
  const bodies: Buffer[] = []
  for (let at = 0; at < documents.length; at += bodyRows) {
    const part = documents.slice(at, at + bodyRows)
    bodies.push(Buffer.from(part.map(row => `${action(row)}\n${row.source}\n`).join('')))
  }
  const cpuBegan = await cpuSeconds()
  const began = performance.now()
  const answers = await Promise.all(
    bodies.map(operations => stage.client.bulk({ index, operations: operations as never, filter_path: 'errors' }))
  )
  const seconds = (performance.now() - began) / 1000
  expect(answers.every(answer => !answer.errors)).toBe(true)
  return { second: documents.length / seconds, cpuSecond: documents.length / ((await cpuSeconds()) - cpuBegan) }
}

/** CPU time of the server. Other work on the machine slows it down, but costs it little of this. */
async function cpuSeconds(): Promise<number> {
  // It looks at its own figures once a second only.
  await delay(1100)
  const { nodes } = await stage.client.nodes.stats({ metric: 'process' })
  return Object.values(nodes).reduce((sum, node) => sum + (node.process?.cpu?.total_in_millis ?? 0), 0) / 1000
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
